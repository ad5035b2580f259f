package io.asmnetedge.camera;

import android.Manifest;
import android.hardware.display.DisplayManager;
import android.os.Bundle;
import android.view.Display;
import android.view.Gravity;
import android.view.View;
import android.view.ViewGroup;
import android.widget.Button;
import android.widget.FrameLayout;
import androidx.activity.ComponentActivity;
import androidx.activity.result.ActivityResultLauncher;
import androidx.activity.result.contract.ActivityResultContracts;
import androidx.annotation.NonNull;
import androidx.annotation.Nullable;
import androidx.camera.core.CameraInfoUnavailableException;
import androidx.camera.lifecycle.ProcessCameraProvider;
import androidx.camera.view.PreviewView;
import androidx.core.content.ContextCompat;
import com.google.common.util.concurrent.ListenableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A camera's picture with landmarks, pose and frame time drawn over it; a button changes between front and back. */
public final class CameraActivity extends ComponentActivity implements DisplayManager.DisplayListener {
    private static final String FRONT = "front";

    private final ActivityResultLauncher<String> permission =
            registerForActivityResult(new ActivityResultContracts.RequestPermission(), this::permitted);
    private final ExecutorService worker = Executors.newSingleThreadExecutor(); // models and frames, never this thread
    private FaceOverlay overlay;
    private FaceAnalyzer analyzer;
    private CameraUse camera;
    private PreviewView preview;
    private Button change;
    private boolean front = true;

    @Override
    protected void onCreate(@Nullable Bundle state) {
        super.onCreate(state);
        front = state == null || state.getBoolean(FRONT, true);
        setContentView(layout());
        analyzer = new FaceAnalyzer(getAssets(), overlay);
        worker.execute(analyzer::open);
        getSystemService(DisplayManager.class).registerDisplayListener(this, null);
        permission.launch(Manifest.permission.CAMERA);
    }

    @Override
    protected void onStart() { // the camera itself follows the lifecycle
        super.onStart();
        worker.execute(analyzer::reset); // whoever was there before the pause may be gone
    }

    @Override
    protected void onSaveInstanceState(@NonNull Bundle state) {
        super.onSaveInstanceState(state);
        state.putBoolean(FRONT, front);
    }

    @Override
    protected void onDestroy() {
        super.onDestroy();
        getSystemService(DisplayManager.class).unregisterDisplayListener(this);
        if (camera != null) {
            camera.close();
        }
        worker.execute(analyzer::close); // after the frame in work
        worker.shutdown();
    }

    /** The device was turned; half a turn reaches an activity in no other way. */
    @Override
    public void onDisplayChanged(int id) {
        Display display = preview.getDisplay();
        if (camera != null && display != null) {
            camera.turn(display.getRotation());
        }
    }

    @Override
    public void onDisplayAdded(int id) {}

    @Override
    public void onDisplayRemoved(int id) {}

    private View layout() {
        preview = new PreviewView(this);
        preview.setScaleType(PreviewView.ScaleType.FIT_CENTER); // FaceOverlay fits frames in alike
        overlay = new FaceOverlay(this);
        overlay.setContentDescription("The camera's picture with face landmarks drawn over it");
        change = new Button(this);
        change.setText("Other camera");
        change.setVisibility(View.GONE);
        change.setOnClickListener(view -> open(!front));
        FrameLayout layout = new FrameLayout(this);
        layout.setFitsSystemWindows(true); // from Android 15 on apps are drawn below the system's bars
        layout.addView(preview);
        layout.addView(overlay);
        layout.addView(change, new FrameLayout.LayoutParams(
                ViewGroup.LayoutParams.WRAP_CONTENT, ViewGroup.LayoutParams.WRAP_CONTENT,
                Gravity.BOTTOM | Gravity.CENTER_HORIZONTAL));
        return layout;
    }

    private void permitted(boolean granted) {
        if (!granted) {
            overlay.say("Without the camera there is nothing to see here. Allow it in the settings of this app.");
            return;
        }
        ListenableFuture<ProcessCameraProvider> future = ProcessCameraProvider.getInstance(this);
        future.addListener(() -> provided(future), ContextCompat.getMainExecutor(this));
    }

    private void provided(ListenableFuture<ProcessCameraProvider> future) {
        try {
            camera = new CameraUse(future.get());
            boolean both = camera.has(true) && camera.has(false);
            change.setVisibility(both ? View.VISIBLE : View.GONE);
            open(both ? front : camera.has(true));
        } catch (ExecutionException | InterruptedException | CameraInfoUnavailableException error) {
            overlay.say("No camera: " + error.getMessage());
        }
    }

    private void open(boolean front) {
        this.front = front;
        try {
            camera.open(this, front, preview.getSurfaceProvider(), worker, frame -> analyzer.analyze(frame, front));
        } catch (IllegalArgumentException error) {
            overlay.say("No camera: " + error.getMessage());
        }
    }
}
