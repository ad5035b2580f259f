package io.asmnetedge.camera;

import android.Manifest;
import android.os.Bundle;
import android.widget.FrameLayout;
import androidx.activity.ComponentActivity;
import androidx.activity.result.contract.ActivityResultContracts;
import androidx.camera.core.CameraSelector;
import androidx.camera.core.ImageAnalysis;
import androidx.camera.core.Preview;
import androidx.camera.lifecycle.ProcessCameraProvider;
import androidx.camera.view.PreviewView;
import androidx.core.content.ContextCompat;
import com.google.common.util.concurrent.ListenableFuture;
import io.asmnetedge.FaceAligner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The front camera with landmarks, pose and frame time drawn over it. */
public final class CameraActivity extends ComponentActivity {
    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private PreviewView preview;
    private FaceOverlay overlay;
    private FaceAligner aligner;

    @Override
    protected void onCreate(Bundle state) {
        super.onCreate(state);
        preview = new PreviewView(this);
        preview.setScaleType(PreviewView.ScaleType.FIT_CENTER); // FaceOverlay fits frames in alike
        overlay = new FaceOverlay(this);
        FrameLayout layout = new FrameLayout(this);
        layout.addView(preview);
        layout.addView(overlay);
        setContentView(layout);
        try {
            aligner = new FaceAligner(asset("accurate_int8.tflite"), asset("detectors/face_detector_416_int8.tflite"));
        } catch (IOException | IllegalStateException error) {
            overlay.say("No model: " + error.getMessage());
            return;
        }
        registerForActivityResult(new ActivityResultContracts.RequestPermission(), this::permitted)
                .launch(Manifest.permission.CAMERA);
    }

    @Override
    protected void onDestroy() {
        super.onDestroy();
        worker.shutdown();
        if (aligner != null) {
            aligner.close(); // waits for the frame in work
        }
    }

    private void permitted(boolean granted) {
        if (!granted) {
            overlay.say("Without the camera there is nothing to see here. Allow it in the settings of this app.");
            return;
        }
        ListenableFuture<ProcessCameraProvider> future = ProcessCameraProvider.getInstance(this);
        future.addListener(() -> open(future), ContextCompat.getMainExecutor(this));
    }

    private void open(ListenableFuture<ProcessCameraProvider> future) {
        Preview picture = new Preview.Builder().build();
        picture.setSurfaceProvider(preview.getSurfaceProvider());
        ImageAnalysis frames = new ImageAnalysis.Builder()
                .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
                .setOutputImageRotationEnabled(true) // upright, however the sensor lies
                .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
                .build();
        frames.setAnalyzer(worker, new FaceAnalyzer(aligner, overlay));
        try {
            future.get().bindToLifecycle(this, CameraSelector.DEFAULT_FRONT_CAMERA, picture, frames);
        } catch (ExecutionException | InterruptedException | IllegalArgumentException error) {
            overlay.say("No camera: " + error.getMessage());
        }
    }

    private byte[] asset(String name) throws IOException {
        try (InputStream stream = getAssets().open(name)) {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            byte[] part = new byte[1 << 16];
            for (int n = stream.read(part); n > 0; n = stream.read(part)) {
                content.write(part, 0, n);
            }
            return content.toByteArray();
        }
    }
}
