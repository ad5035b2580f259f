package io.asmnetedge;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Replays tests/golden on the desktop JVM: java io.asmnetedge.GoldenTest MODEL GOLDEN_FOLDER DETECTOR REFUSED_FOLDER. */
public final class GoldenTest {
    private static final double PIXELS = 1e-4;

    public static void main(String[] arguments) throws Exception {
        byte[] model = Files.readAllBytes(Path.of(arguments[0]));
        Path folder = Path.of(arguments[1]);
        byte[] detector = Files.readAllBytes(Path.of(arguments[2]));
        List<Map<String, String>> cases = read(folder.resolve("golden.txt"), "case");
        int replayed = 0;
        int seen = 0;
        try (FaceAligner aligner = new FaceAligner(model, detector, System.getenv("ASMNET_RUNTIME"), 1)) {
            refused(aligner::lastPixels, "before it", IllegalArgumentException.class);
            for (Map<String, String> fields : cases) {
                if (!fields.get("frame").equals("-")) {
                    replay(aligner, fields, folder);
                    replayed++;
                }
            }
            predict(aligner, cases.get(1), folder);
            for (Map<String, String> fields : read(folder.resolve("scenes.txt"), "scene")) {
                see(aligner, fields, folder);
                seen++;
            }
            Image frame = frame(folder.resolve("drawn.ppm"));
            refused(() -> aligner.align(frame, new Box(9, 9, 1, 1), false), "left < right", IllegalArgumentException.class);
            nulls(aligner, frame);
            disagreement(model, detector, cases.get(1), folder);
        }
        FaceAligner closed = new FaceAligner(model, null, System.getenv("ASMNET_RUNTIME"), 1);
        refused(() -> closed.predict(frame(folder.resolve("drawn.ppm"))), "detector_path", IllegalStateException.class);
        closed.close();
        closed.close();
        refused(closed::lastPixels, "closed", IllegalStateException.class);
        model[1000] ^= 1;
        refused(() -> new FaceAligner(model, null), "checksum", IllegalStateException.class);
        refusedFiles(Path.of(arguments[3]));
        refused(() -> image(ByteBuffer.allocate(6)), "direct buffer", IllegalArgumentException.class);
        refused(() -> image(ByteBuffer.allocateDirect(3)), "got 3 bytes", IllegalArgumentException.class);
        check(replayed >= 8, "only " + replayed + " cases");
        check(seen >= 8, "only " + seen + " scenes");
        System.out.println(replayed + " cases and " + seen + " scenes replayed on Java " + System.getProperty("java.version"));
    }

    /** Every argument that must be given says so in its own words. */
    private static void nulls(FaceAligner aligner, Image frame) {
        Class<?> type = NullPointerException.class;
        List<Detection> none = new ArrayList<>();
        none.add(null);
        refused(() -> new FaceAligner(null, null), "model: expected the content of a model file, got null", type);
        refused(() -> aligner.align(null, new Box(0, 0, 9, 9), false), "image: expected an Image, got null", type);
        refused(() -> aligner.align(frame, null, false), "box: expected a Box", type);
        refused(() -> aligner.predict(null), "image: expected an Image", type);
        refused(() -> aligner.predict(null, new ArrayList<>()), "image: expected an Image", type);
        refused(() -> aligner.predict(frame, null), "detections: expected a list", type);
        refused(() -> aligner.predict(frame, none), "detections[0]: expected a Detection, got null", type);
        refused(() -> aligner.detect(null), "image: expected an Image", type);
        refused(() -> new Detection(null, 1), "box: expected a Box", type);
        refused(() -> new Image(null, 1, 1, 3, Image.Format.RGB), "pixels: expected a direct ByteBuffer", type);
        refused(() -> new Image(ByteBuffer.allocateDirect(3), 1, 1, 3, null), "format: expected one of", type);
    }

    /** Two looks always differ a little: where that little is forbidden there is no face. */
    private static void disagreement(byte[] model, byte[] detector, Map<String, String> fields, Path folder) throws Exception {
        double[] b = numbers(fields.get("box"));
        List<Detection> found = List.of(new Detection(new Box(b[0], b[1], b[2], b[3]), 0.8));
        Image frame = frame(folder.resolve(fields.get("frame")));
        String runtime = System.getenv("ASMNET_RUNTIME");
        try (FaceAligner strict = new FaceAligner(model, detector, runtime, 1, 1e-9)) {
            check(strict.predict(frame, found).isEmpty(), "a face in spite of max_disagreement");
        }
        try (FaceAligner usual = new FaceAligner(model, detector, runtime, 1, FaceAligner.MAX_DISAGREEMENT)) {
            check(usual.predict(frame, found).size() == 1, "no face");
        }
        refused(() -> new FaceAligner(model, detector, runtime, 1, 0), "max_disagreement: expected a number above 0", IllegalArgumentException.class);
    }

    /** Model files whose checksums are right, and which are refused all the same: bindings/refused.py. */
    private static void refusedFiles(Path folder) throws Exception {
        int files = 0;
        for (String line : Files.readAllLines(folder.resolve("refused.txt"))) {
            String[] parts = line.split(" ", 2);
            byte[] content = Files.readAllBytes(folder.resolve(parts[0] + ".tflite"));
            refused(() -> new FaceAligner(content, null), parts[1], IllegalStateException.class);
            files++;
        }
        check(files >= 10, "only " + files + " refused files");
    }

    private static void replay(FaceAligner aligner, Map<String, String> fields, Path folder) throws Exception {
        String name = fields.get("case");
        double[] edges = numbers(fields.get("box"));
        Box box = new Box(edges[0], edges[1], edges[2], edges[3]);
        Face face = aligner.align(frame(folder.resolve(fields.get("frame"))), box, fields.get("refine").equals("1"));
        String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(aligner.lastPixels()));
        check(hash.equals(fields.get("crop_sha256")), name + ": crop " + hash);
        String outputs = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(aligner.lastOutputBytes()));
        check(outputs.equals(fields.get("outputs_sha256")), name + ": the network's outputs are " + outputs);
        float[] raw = aligner.lastOutputs();
        near(name + " raw landmarks", Arrays.copyOf(raw, 136), numbers(fields.get("raw_landmarks")), 0);
        near(name + " raw pose", Arrays.copyOfRange(raw, 136, 139), numbers(fields.get("raw_pose")), 0);
        near(name + " landmarks", face.landmarks, numbers(fields.get("landmarks")), PIXELS);
        near(name + " shape parameters", face.shapeParameters, numbers(fields.get("shape_parameters")), 2e-6);
        float[] pose = {(float) face.yawDeg, (float) face.pitchDeg, (float) face.rollDeg};
        near(name + " pose", pose, numbers(fields.get("pose")), 1e-4);
        near(name + " plausibility", new float[] {(float) face.plausibility}, numbers(fields.get("plausibility")), 1e-5);
        String errors = fields.get("point_errors");
        check((errors == null) == (face.pointErrors == null), name + ": point errors");
        if (errors != null) {
            near(name + " point errors", face.pointErrors, numbers(errors), 1e-5);
        }
        String confidence = fields.get("confidence");
        check(confidence != null || Double.isNaN(face.confidence), name + ": confidence " + face.confidence);
        if (confidence != null) {
            near(name + " confidence", new float[] {(float) face.confidence}, numbers(confidence), 1e-5);
            check(face.isDoubtful() == numbers(confidence)[0] < 0.5, name + ": doubtful " + face.isDoubtful());
        }
    }

    /** One face found twice is one face, and equal to that of a refined align. */
    private static void predict(FaceAligner aligner, Map<String, String> fields, Path folder) throws Exception {
        double[] b = numbers(fields.get("box"));
        List<Detection> found = new ArrayList<>();
        found.add(new Detection(new Box(b[0] + 3, b[1], b[2], b[3]), 0.4));
        found.add(new Detection(new Box(b[0], b[1], b[2], b[3]), 0.8));
        List<Face> faces = aligner.predict(frame(folder.resolve(fields.get("frame"))), found);
        check(faces.size() == 1 && faces.get(0).score == 0.8, faces.size() + " faces");
        near("predict", faces.get(0).landmarks, numbers(fields.get("landmarks")), 2);
        check(aligner.predict(frame(folder.resolve("drawn.ppm")), new ArrayList<>()).isEmpty(), "no detection, no face");
    }

    /** The detector finds the same boxes, and two looks at each leave the same faces. */
    private static void see(FaceAligner aligner, Map<String, String> fields, Path folder) throws Exception {
        String name = fields.get("scene");
        Image image = frame(folder.resolve(fields.get("frame")), Integer.parseInt(fields.get("zoom")));
        List<Detection> found = aligner.detect(image);
        String[] expected = lines(fields.get("detection"));
        check(found.size() == expected.length, name + ": " + found.size() + " detections");
        for (int i = 0; i < expected.length; i++) {
            double[] e = numbers(expected[i]);
            Detection d = found.get(i);
            double[] box = {d.box.left, d.box.top, d.box.right, d.box.bottom};
            for (int k = 0; k < box.length; k++) {
                check(box[k] == (float) e[k], name + ": edge " + k + " is " + box[k]);
            }
            check(Math.abs(d.score - e[4]) <= 1e-5 && Math.abs(d.rollDeg - e[5]) <= 1e-5, name + ": score or roll");
        }
        List<Face> faces = aligner.predict(image);
        expected = lines(fields.get("face"));
        check(faces.size() == expected.length, name + ": " + faces.size() + " faces");
        for (int i = 0; i < expected.length; i++) {
            double[] e = numbers(expected[i]);
            Face f = faces.get(i);
            float[] rest = {(float) f.score, (float) f.plausibility, (float) f.yawDeg, (float) f.pitchDeg, (float) f.rollDeg};
            near(name + " numbers", rest, Arrays.copyOf(e, 5), PIXELS);
            near(name + " landmarks", f.landmarks, Arrays.copyOfRange(e, 5, e.length), PIXELS);
        }
    }

    private static String[] lines(String text) {
        return text == null ? new String[0] : text.split("\n");
    }

    /** Blocks that begin with `first`; lines of one key are put together. */
    private static List<Map<String, String>> read(Path file, String first) throws Exception {
        List<Map<String, String>> cases = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split(" ", 2);
            if (parts[0].equals(first)) {
                cases.add(new HashMap<>());
            }
            if (parts.length == 2 && !cases.isEmpty()) {
                cases.get(cases.size() - 1).merge(parts[0], parts[1], (a, b) -> a + "\n" + b);
            }
        }
        return cases;
    }

    private static Image frame(Path file) throws Exception {
        return frame(file, 1);
    }

    private static Image frame(Path file, int zoom) throws Exception {
        byte[] content = Files.readAllBytes(file);
        int end = 0;
        while (content[end] != '\n') {
            end++;
        }
        String[] header = new String(content, 0, end, StandardCharsets.US_ASCII).split(" ");
        int width = Integer.parseInt(header[1]);
        int height = Integer.parseInt(header[2]);
        ByteBuffer pixels = ByteBuffer.allocateDirect(3 * width * zoom * height * zoom);
        for (int y = 0; y < height * zoom; y++) {
            for (int x = 0; x < width * zoom; x++) {
                pixels.put(content, end + 1 + 3 * (y / zoom * width + x / zoom), 3);
            }
        }
        return new Image(pixels, width * zoom, height * zoom, 3 * width * zoom, Image.Format.RGB);
    }

    private static Image image(ByteBuffer twoPixels) {
        return new Image(twoPixels, 2, 1, 6, Image.Format.RGB);
    }

    private static double[] numbers(String text) {
        return Arrays.stream(text.split(" ")).mapToDouble(Double::parseDouble).toArray();
    }

    private static void near(String what, float[] got, double[] expected, double tolerance) {
        check(got.length == expected.length, what + ": " + got.length + " numbers");
        for (int i = 0; i < got.length; i++) {
            double off = Math.abs(got[i] - (double) (float) expected[i]);
            check(off <= tolerance, what + ": number " + i + " differs by " + off);
        }
    }

    private interface Action {
        void run() throws Exception;
    }

    private static void refused(Action action, String message, Class<?> type) {
        try {
            action.run();
        } catch (Exception error) {
            boolean same = type.isInstance(error) && error.getMessage().contains(message);
            check(same, "expected " + message + ", got " + error);
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
