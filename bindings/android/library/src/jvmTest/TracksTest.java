package io.asmnetedge;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Replays the golden contract of video, tracks.txt: java io.asmnetedge.TracksTest MODEL GOLDEN_FOLDER DETECTOR. */
public final class TracksTest {
    private final FaceAligner aligner;
    private final Path folder;
    private final Map<String, Pixmap> sources = new HashMap<>();
    private FaceTracker tracker;
    private int width;
    private int height;
    private byte[] canvas;
    private List<TrackedFace> faces;
    private int next;
    private String place = "";
    private int clips;
    private int updates;
    private int refusals;
    private double off;

    private TracksTest(FaceAligner aligner, Path folder) {
        this.aligner = aligner;
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        byte[] model = Files.readAllBytes(Path.of(arguments[0]));
        byte[] detector = Files.readAllBytes(Path.of(arguments[2]));
        FaceAligner aligner = new FaceAligner(model, detector, System.getenv("ASMNET_RUNTIME"), 1);
        TracksTest test = new TracksTest(aligner, Path.of(arguments[1]));
        for (String line : Files.readAllLines(test.folder.resolve("tracks.txt"))) {
            test.take(line.split(" "));
        }
        check(test.clips >= 8 && test.updates >= 80 && test.refusals >= 20, test.clips + " clips, " + test.updates + " updates");
        test.edges();
        aligner.close();
        refused(() -> test.ask("9e9"), "this FaceAligner is closed", IllegalStateException.class);
        refused(() -> new FaceTracker(aligner), "this FaceAligner is closed", IllegalStateException.class);
        test.tracker.close();
        test.tracker.close();
        System.out.println(test.clips + " clips, " + test.updates + " frames replayed, " + test.refusals
                + " refused; landmarks differ by at most " + test.off + " px");
    }

    private void take(String[] words) throws Exception {
        switch (words[0]) {
            case "clip" -> {
                place = words[1];
                clips++;
            }
            case "options" -> start(numbers(words, 1));
            case "frame" -> fill(numbers(words, 1));
            case "paste" -> paste(source(words[1]), Arrays.stream(words, 2, 8).mapToLong(Long::parseLong).toArray());
            case "noise" -> noise(Integer.parseInt(words[1]));
            case "update" -> update(words);
            case "refuse" -> refuse(words);
            case "reset" -> tracker.reset();
            case "quality" -> quality(numbers(words, 1));
            case "face" -> face(numbers(words, 1));
            case "measured" -> compare(faces.get(next - 1).measured, numbers(words, 1), 0);
            default -> check(clips == 0 || words[0].isEmpty(), "a line of an unknown kind: " + words[0]);
        }
    }

    private void start(double[] v) {
        width = (int) v[0];
        height = (int) v[1];
        FaceTracker.Options options = new FaceTracker.Options().detectEvery((int) v[2]).maxFaces((int) v[3]).fps(v[8]);
        options.smoothing(v[4] != 0 ? new OneEuro(v[5], v[6], v[7]) : null);
        if (tracker != null) {
            tracker.close();
        }
        tracker = new FaceTracker(aligner, options);
    }

    private void fill(double[] colour) {
        canvas = new byte[3 * width * height];
        for (int i = 0; i < canvas.length; i++) {
            canvas[i] = (byte) colour[i % 3];
        }
    }

    private void paste(Pixmap source, long[] m) {
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                long u = (m[0] * x + m[1] * y + m[2]) >> 16;
                long v = (m[3] * x + m[4] * y + m[5]) >> 16;
                if (u >= 0 && v >= 0 && u < source.width && v < source.height) {
                    System.arraycopy(source.content, source.start + 3 * (int) (v * source.width + u), canvas, 3 * (y * width + x), 3);
                }
            }
        }
    }

    private void noise(int seed) {
        for (int i = 0; i < canvas.length; i++) {
            int h = i / 3 % width * 73856093 ^ i / 3 / width * 19349663 ^ i % 3 * 83492791 ^ seed * (int) 2654435761L;
            h = (h ^ h >>> 15) * (int) 2246822519L;
            h ^= h >>> 13;
            int value = (canvas[i] & 255) + Integer.remainderUnsigned(h, 13) - 6;
            canvas[i] = (byte) Math.max(0, Math.min(255, value));
        }
    }

    private void update(String[] words) throws Exception {
        String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(canvas));
        check(hash.equals(words[3]), place + " at " + words[1] + ": another frame was drawn");
        check(faces == null || next == faces.size(), place + " at " + words[1] + ": faces are left over");
        faces = ask(words[1]);
        check(faces.size() == Integer.parseInt(words[2]), place + " at " + words[1] + ": " + faces.size() + " faces");
        next = 0;
        updates++;
    }

    private List<TrackedFace> ask(String time) {
        return time.equals("-") ? tracker.update(image()) : tracker.update(image(), seconds(time));
    }

    private Image image() {
        ByteBuffer pixels = ByteBuffer.allocateDirect(canvas.length).put(canvas);
        return new Image(pixels, width, height, 3 * width, Image.Format.RGB);
    }

    private void quality(double[] v) {
        FaceQuality q = aligner.quality(image(), faces.get(0).measured);
        double[] got = {q.score, q.plausibility, q.disagreement, q.sharpness, q.eyeDistance, q.inside,
            q.landmarkYawDeg, q.landmarkPitchDeg, q.landmarkRollDeg, q.poseDisagreementDeg};
        for (int k = 0; k < got.length; k++) {
            check(Math.abs(got[k] - v[k]) <= (k < 6 ? 1e-4 : 0.02), place + ": quality " + k + " is " + got[k]);
        }
    }

    /** Images without pixels cannot be made, so no image stands for a frame that is none. */
    private void refuse(String[] words) {
        if (words[1].equals("frame")) {
            refused(() -> tracker.update(null, seconds(words[2])), "image: expected an Image, got null", NullPointerException.class);
        } else {
            refused(() -> ask(words[2]), "timestamp_s: expected", IllegalArgumentException.class);
        }
        refusals++;
    }

    private void face(double[] v) {
        TrackedFace one = faces.get(next++);
        check(one.id == (int) v[0] && one.frames == (int) v[1], place + ": id " + one.id + ", " + one.frames + " frames");
        double[] shown = {one.face.subjectRightEyeOpenness(), one.face.subjectLeftEyeOpenness(), one.face.mouthOpenness()};
        for (int k = 0; k < 3; k++) {
            check(Math.abs(shown[k] - v[2 + k]) <= 1e-5, place + ": openness " + k + " is " + shown[k]);
        }
        compare(one.face, v, 5);
    }

    private void compare(Face face, double[] v, int at) {
        double[] pose = {face.yawDeg, face.pitchDeg, face.rollDeg};
        for (int k = 0; k < 3; k++) {
            check(Math.abs(pose[k] - v[at + k]) <= 1e-4, place + ": angle " + k + " is " + pose[k]);
        }
        check(v.length == at + 3 + face.landmarks.length, place + ": " + v.length + " numbers");
        for (int i = 0; i < face.landmarks.length; i++) {
            off = Math.max(off, Math.abs(face.landmarks[i] - (double) (float) v[at + 3 + i]));
        }
        check(off <= 1e-4, place + ": landmarks differ by " + off + " px");
    }

    private void edges() throws Exception {
        Class<?> type = IllegalArgumentException.class;
        refused(() -> new FaceTracker(aligner, new FaceTracker.Options().detectEvery(0)), "detect_every of at least 1", type);
        refused(() -> new FaceTracker(aligner, new FaceTracker.Options().maxFaces(-1)), "max_faces", type);
        refused(() -> new FaceTracker(aligner, new FaceTracker.Options().fps(0)), "fps", type);
        refused(() -> new FaceTracker(aligner, new FaceTracker.Options().smoothing(new OneEuro(0, 1, 1))), "cut-offs", type);
        refused(() -> new FaceTracker(null), "aligner: expected a FaceAligner, got null", NullPointerException.class);
        refused(() -> new FaceTracker(aligner, null), "options: expected FaceTracker.Options", NullPointerException.class);
        FaceTracker closed = new FaceTracker(aligner);
        closed.close();
        refused(closed::reset, "this FaceTracker is closed", IllegalStateException.class);
        Pixmap portrait = source("portrait.ppm");
        ByteBuffer pixels = ByteBuffer.allocateDirect(portrait.content.length - portrait.start);
        pixels.put(portrait.content, portrait.start, portrait.content.length - portrait.start);
        Image image = new Image(pixels, portrait.width, portrait.height, 3 * portrait.width, Image.Format.RGB);
        Face face = aligner.predict(image).get(0);
        Face again = aligner.lookAgain(image, face);
        check(again != null && Math.abs(again.interocularDistance() / face.interocularDistance() - 1) < 0.1, "another look");
        Arrays.fill(face.landmarks, -100);
        check(aligner.lookAgain(image, face) == null, "a face outside the frame");
        refused(() -> aligner.quality(image, face), "landmarks inside the frame", type);
    }

    private Pixmap source(String name) throws Exception {
        if (!sources.containsKey(name)) {
            sources.put(name, new Pixmap(Files.readAllBytes(folder.resolve(name))));
        }
        return sources.get(name);
    }

    private static final class Pixmap {
        final byte[] content;
        final int start;
        final int width;
        final int height;

        Pixmap(byte[] content) {
            int end = 0;
            while (content[end] != '\n') {
                end++;
            }
            String[] header = new String(content, 0, end, StandardCharsets.US_ASCII).split(" ");
            this.content = content;
            start = end + 1;
            width = Integer.parseInt(header[1]);
            height = Integer.parseInt(header[2]);
        }
    }

    private static double seconds(String word) {
        return word.equals("nan") ? Double.NaN : Double.parseDouble(word);
    }

    private static double[] numbers(String[] words, int from) {
        return Arrays.stream(words, from, words.length).mapToDouble(Double::parseDouble).toArray();
    }

    private interface Action {
        void run() throws Exception;
    }

    private static void refused(Action action, String message, Class<?> type) {
        try {
            action.run();
        } catch (Exception error) {
            check(type.isInstance(error) && error.getMessage().contains(message), "expected " + message + ", got " + error);
            return;
        }
        check(false, "nothing was refused: " + message);
    }

    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
