package io.asmnetedge.camera;

import android.util.Size;
import androidx.camera.core.CameraInfoUnavailableException;
import androidx.camera.core.CameraSelector;
import androidx.camera.core.ImageAnalysis;
import androidx.camera.core.Preview;
import androidx.camera.core.resolutionselector.AspectRatioStrategy;
import androidx.camera.core.resolutionselector.ResolutionSelector;
import androidx.camera.core.resolutionselector.ResolutionStrategy;
import androidx.camera.lifecycle.ProcessCameraProvider;
import androidx.lifecycle.LifecycleOwner;
import java.util.concurrent.Executor;

/** One of the device's cameras: its picture for the preview, its frames upright for the analysis. */
final class CameraUse {
    private static final ResolutionStrategy FRAME_SIZE = new ResolutionStrategy(
            new Size(640, 480), ResolutionStrategy.FALLBACK_RULE_CLOSEST_HIGHER_THEN_LOWER);

    private final ProcessCameraProvider provider;
    private Preview picture;
    private ImageAnalysis frames;

    CameraUse(ProcessCameraProvider provider) {
        this.provider = provider;
    }

    boolean has(boolean front) throws CameraInfoUnavailableException {
        return provider.hasCamera(selector(front));
    }

    /**
     * Opens a camera in place of the one before, for as long as the owner is started.
     *
     * @throws IllegalArgumentException the device has no such camera
     */
    void open(LifecycleOwner owner, boolean front, Preview.SurfaceProvider surface, Executor worker,
            ImageAnalysis.Analyzer analyzer) {
        // Preview and frames of one shape, so that landmarks of one lie right on the other.
        picture = new Preview.Builder().setResolutionSelector(shape().build()).build();
        picture.setSurfaceProvider(surface);
        frames = new ImageAnalysis.Builder()
                .setResolutionSelector(shape().setResolutionStrategy(FRAME_SIZE).build())
                .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_YUV_420_888) // as the camera has them
                .setOutputImageRotationEnabled(true) // upright, however the sensor lies
                .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
                .build();
        frames.setAnalyzer(worker, analyzer);
        provider.unbindAll();
        provider.bindToLifecycle(owner, selector(front), picture, frames);
    }

    /** Says how the display is turned: one of Surface.ROTATION_0 and so on. */
    void turn(int rotation) {
        if (frames != null) {
            picture.setTargetRotation(rotation);
            frames.setTargetRotation(rotation);
        }
    }

    void close() {
        if (frames != null) {
            frames.clearAnalyzer();
        }
        provider.unbindAll();
    }

    private static ResolutionSelector.Builder shape() {
        return new ResolutionSelector.Builder()
                .setAspectRatioStrategy(AspectRatioStrategy.RATIO_4_3_FALLBACK_AUTO_STRATEGY);
    }

    private static CameraSelector selector(boolean front) {
        return front ? CameraSelector.DEFAULT_FRONT_CAMERA : CameraSelector.DEFAULT_BACK_CAMERA;
    }
}
