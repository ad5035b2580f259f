package io.asmnetedge.camera;

import android.content.res.AssetManager;
import androidx.camera.core.ImageProxy;
import io.asmnetedge.FaceAligner;
import io.asmnetedge.FaceTracker;
import io.asmnetedge.Image;
import io.asmnetedge.TrackedFace;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Follows faces through a camera's frames; all methods run on the analysis thread, one after the other. */
final class FaceAnalyzer {
    private final AssetManager assets;
    private final FaceOverlay overlay;
    private FaceAligner aligner;
    private FaceTracker tracker;
    private String view = ""; // camera and shape of the frames: ids and boxes of one mean nothing in another

    FaceAnalyzer(AssetManager assets, FaceOverlay overlay) {
        this.assets = assets;
        this.overlay = overlay;
    }

    void open() {
        try {
            aligner = new FaceAligner(asset("accurate_int8.tflite"), asset("detectors/face_detector_416_int8.tflite"));
            tracker = new FaceTracker(aligner);
        } catch (IOException | IllegalStateException error) {
            overlay.say("No model: " + error.getMessage());
        }
    }

    /** Forgets the faces followed so far. */
    void reset() {
        if (tracker != null) {
            tracker.reset();
        }
    }

    void close() {
        if (tracker != null) {
            tracker.close();
            aligner.close();
        }
        tracker = null;
    }

    /** Shows the faces of a frame; front: the preview of this camera is mirrored, its frames are not. */
    void analyze(ImageProxy frame, boolean front) {
        try {
            if (tracker != null) {
                follow(frame, front);
            }
        } catch (IllegalArgumentException | IllegalStateException error) {
            overlay.say(String.valueOf(error.getMessage()));
        } finally {
            frame.close();
        }
    }

    private void follow(ImageProxy frame, boolean front) {
        String seen = front + " " + frame.getWidth() + " x " + frame.getHeight();
        if (!seen.equals(view)) {
            tracker.reset();
        }
        view = seen;
        long start = System.nanoTime();
        List<TrackedFace> faces = tracker.update(image(frame), frame.getImageInfo().getTimestamp() / 1e9);
        overlay.show(faces, frame.getWidth(), frame.getHeight(), front, (System.nanoTime() - start) / 1e6);
    }

    /** The frame itself, without a copy: to be used before it is closed. */
    private static Image image(ImageProxy frame) {
        ImageProxy.PlaneProxy[] p = frame.getPlanes();
        return Image.ofPlanes(frame.getWidth(), frame.getHeight(), plane(p[0]), plane(p[1]), plane(p[2]));
    }

    private static Image.Plane plane(ImageProxy.PlaneProxy plane) {
        return new Image.Plane(plane.getBuffer(), plane.getRowStride(), plane.getPixelStride());
    }

    private byte[] asset(String name) throws IOException {
        try (InputStream stream = assets.open(name)) {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            byte[] part = new byte[1 << 16];
            for (int n = stream.read(part); n > 0; n = stream.read(part)) {
                content.write(part, 0, n);
            }
            return content.toByteArray();
        }
    }
}
