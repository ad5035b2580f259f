package io.asmnetedge.camera;

import androidx.annotation.NonNull;
import androidx.camera.core.ImageAnalysis;
import androidx.camera.core.ImageProxy;
import io.asmnetedge.Face;
import io.asmnetedge.FaceAligner;
import io.asmnetedge.Image;
import java.util.List;

/** Finds the faces of camera frames, on the analysis thread. */
final class FaceAnalyzer implements ImageAnalysis.Analyzer {
    private final FaceAligner aligner;
    private final FaceOverlay overlay;

    FaceAnalyzer(FaceAligner aligner, FaceOverlay overlay) {
        this.aligner = aligner;
        this.overlay = overlay;
    }

    @Override
    public void analyze(@NonNull ImageProxy frame) {
        try {
            ImageProxy.PlaneProxy plane = frame.getPlanes()[0];
            Image image = new Image(
                    plane.getBuffer(), frame.getWidth(), frame.getHeight(), plane.getRowStride(), Image.Format.RGBA);
            long start = System.nanoTime();
            List<Face> faces = aligner.predict(image);
            overlay.show(faces, frame.getWidth(), frame.getHeight(), (System.nanoTime() - start) / 1e6);
        } catch (IllegalStateException error) {
            overlay.say(String.valueOf(error.getMessage())); // closed while the activity goes away
        } finally {
            frame.close();
        }
    }
}
