package io.asmnetedge.camera;

import android.content.res.AssetManager;
import androidx.camera.core.ImageProxy;
import io.asmnetedge.Face;
import io.asmnetedge.FaceAligner;
import io.asmnetedge.Image;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Finds the faces of camera frames; all methods run on the analysis thread, one after the other. */
final class FaceAnalyzer {
    private final AssetManager assets;
    private final FaceOverlay overlay;
    private FaceAligner aligner;

    FaceAnalyzer(AssetManager assets, FaceOverlay overlay) {
        this.assets = assets;
        this.overlay = overlay;
    }

    void open() {
        try {
            aligner = new FaceAligner(asset("accurate_int8.tflite"), asset("detectors/face_detector_416_int8.tflite"));
        } catch (IOException | IllegalStateException error) {
            overlay.say("No model: " + error.getMessage());
        }
    }

    void reset() {}

    void close() {
        if (aligner != null) {
            aligner.close();
        }
        aligner = null;
    }

    /** Shows the faces of a frame; front: the preview of this camera is mirrored, its frames are not. */
    void analyze(ImageProxy frame, boolean front) {
        try {
            if (aligner != null) {
                long start = System.nanoTime();
                List<Face> faces = aligner.predict(image(frame));
                overlay.show(faces, frame.getWidth(), frame.getHeight(), front, (System.nanoTime() - start) / 1e6);
            }
        } catch (IllegalArgumentException | IllegalStateException error) {
            overlay.say(String.valueOf(error.getMessage()));
        } finally {
            frame.close();
        }
    }

    private static Image image(ImageProxy frame) {
        ImageProxy.PlaneProxy plane = frame.getPlanes()[0];
        return new Image(
                plane.getBuffer(), frame.getWidth(), frame.getHeight(), plane.getRowStride(), Image.Format.RGBA);
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
