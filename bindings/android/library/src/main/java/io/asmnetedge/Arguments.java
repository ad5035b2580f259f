package io.asmnetedge;

/** What is wrong with an argument, in the words of the other languages: which, what was expected, what came. */
final class Arguments {
    private Arguments() {}

    /**
     * @throws NullPointerException the value is null
     */
    static <T> T given(T value, String name, String expected) {
        if (value == null) {
            throw new NullPointerException(name + ": expected " + expected + ", got null");
        }
        return value;
    }
}
