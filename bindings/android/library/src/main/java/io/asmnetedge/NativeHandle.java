package io.asmnetedge;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;

/**
 * Native memory that is freed with its owner: when the owner is closed, else some time after nobody refers to it any more.
 *
 * <p>java.lang.ref.Cleaner does the same, but Android has it from API 33, and NativeAllocationRegistry is not for apps.
 * The garbage collector does not see native memory and may come late: closing stays the right way.
 */
final class NativeHandle extends PhantomReference<Object> {
    private static final ReferenceQueue<Object> FORGOTTEN = new ReferenceQueue<>();
    private static final Set<NativeHandle> OPEN = ConcurrentHashMap.newKeySet(); // so that handles outlive their owners

    static {
        Thread thread = new Thread(NativeHandle::freeForgotten, "asmnet-edge-free");
        thread.setDaemon(true);
        thread.start();
    }

    private final String name;
    private final LongConsumer destroy;
    private long address;

    /**
     * @param owner whose methods hold a lock while they use the address: its own, which keeps it from being collected, or one
     *     that `destroy` waits for
     * @param destroy frees the address; must not refer to the owner, and keeps alive what it does refer to
     */
    NativeHandle(Object owner, long address, LongConsumer destroy) {
        super(owner, FORGOTTEN);
        this.name = owner.getClass().getSimpleName();
        this.address = address;
        this.destroy = destroy;
        OPEN.add(this);
    }

    /**
     * @throws IllegalStateException it was freed
     */
    synchronized long address() {
        if (address == 0) {
            throw new IllegalStateException("this " + name + " is closed");
        }
        return address;
    }

    /** Frees the memory; a second call does nothing. */
    void free() {
        long freed = take();
        if (freed != 0) {
            destroy.accept(freed); // without this handle's lock, since it may wait for another one
            OPEN.remove(this);
        }
    }

    private synchronized long take() {
        long taken = address;
        address = 0;
        return taken;
    }

    /** How many are not freed yet; for tests. */
    static int open() {
        return OPEN.size();
    }

    private static void freeForgotten() {
        while (true) {
            try {
                ((NativeHandle) FORGOTTEN.remove()).free();
            } catch (InterruptedException ignored) { // nobody interrupts this thread on purpose
            }
        }
    }
}
