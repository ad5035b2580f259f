import io.asmnetedge.Box;
import io.asmnetedge.Detection;
import io.asmnetedge.Face;
import io.asmnetedge.FaceAligner;
import io.asmnetedge.Image;
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

/** Replays tests/golden on the desktop JVM: java GoldenTest MODEL GOLDEN_FOLDER. */
public final class GoldenTest {
    private static final double PIXELS = 1e-3;
    private static final double FLOAT_SUMS = 2e-6;

    public static void main(String[] arguments) throws Exception {
        byte[] model = Files.readAllBytes(Path.of(arguments[0]));
        Path folder = Path.of(arguments[1]);
        List<Map<String, String>> cases = read(folder.resolve("golden.txt"));
        int replayed = 0;
        try (FaceAligner aligner = new FaceAligner(model, System.getenv("ASMNET_RUNTIME"), 1)) {
            refused(aligner::lastPixels, "before it", IllegalArgumentException.class);
            for (Map<String, String> fields : cases) {
                if (!fields.get("frame").equals("-")) {
                    replay(aligner, fields, folder);
                    replayed++;
                }
            }
            predict(aligner, cases.get(1), folder);
            Image frame = frame(folder.resolve("drawn.ppm"));
            refused(() -> aligner.align(frame, new Box(9, 9, 1, 1), false), "left < right", IllegalArgumentException.class);
        }
        FaceAligner closed = new FaceAligner(model, System.getenv("ASMNET_RUNTIME"), 1);
        closed.close();
        closed.close();
        refused(closed::lastPixels, "closed", IllegalStateException.class);
        model[1000] ^= 1;
        refused(() -> new FaceAligner(model), "checksum", IllegalStateException.class);
        refused(() -> image(ByteBuffer.allocate(6)), "direct buffer", IllegalArgumentException.class);
        refused(() -> image(ByteBuffer.allocateDirect(3)), "got 3 bytes", IllegalArgumentException.class);
        check(replayed >= 8, "only " + replayed + " cases");
        System.out.println(replayed + " cases replayed on Java " + System.getProperty("java.version"));
    }

    private static void replay(FaceAligner aligner, Map<String, String> fields, Path folder) throws Exception {
        String name = fields.get("case");
        double[] edges = numbers(fields.get("box"));
        Box box = new Box(edges[0], edges[1], edges[2], edges[3]);
        Face face = aligner.align(frame(folder.resolve(fields.get("frame"))), box, fields.get("refine").equals("1"));
        String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(aligner.lastPixels()));
        if (!hash.equals(fields.get("crop_sha256"))) { // a second look's crop follows from float sums
            check(fields.get("refine").equals("1"), name + ": crop " + hash);
            return;
        }
        float[] raw = aligner.lastOutputs();
        near(name + " raw landmarks", Arrays.copyOf(raw, 136), numbers(fields.get("raw_landmarks")), FLOAT_SUMS);
        near(name + " raw pose", Arrays.copyOfRange(raw, 136, 139), numbers(fields.get("raw_pose")), FLOAT_SUMS);
        near(name + " landmarks", face.landmarks, numbers(fields.get("landmarks")), PIXELS);
        near(name + " shape parameters", face.shapeParameters, numbers(fields.get("shape_parameters")), 2e-5);
        float[] pose = {(float) face.yawDeg, (float) face.pitchDeg, (float) face.rollDeg};
        near(name + " pose", pose, numbers(fields.get("pose")), 1e-3);
        near(name + " plausibility", new float[] {(float) face.plausibility}, numbers(fields.get("plausibility")), 1e-4);
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

    private static List<Map<String, String>> read(Path file) throws Exception {
        List<Map<String, String>> cases = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split(" ", 2);
            if (parts[0].equals("case")) {
                cases.add(new HashMap<>());
            }
            if (parts.length == 2 && !cases.isEmpty()) {
                cases.get(cases.size() - 1).put(parts[0], parts[1]);
            }
        }
        return cases;
    }

    private static Image frame(Path file) throws Exception {
        byte[] content = Files.readAllBytes(file);
        int end = 0;
        while (content[end] != '\n') {
            end++;
        }
        String[] header = new String(content, 0, end, StandardCharsets.US_ASCII).split(" ");
        int width = Integer.parseInt(header[1]);
        int height = Integer.parseInt(header[2]);
        ByteBuffer pixels = ByteBuffer.allocateDirect(content.length - end - 1);
        pixels.put(content, end + 1, content.length - end - 1);
        return new Image(pixels, width, height, 3 * width, Image.Format.RGB);
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
