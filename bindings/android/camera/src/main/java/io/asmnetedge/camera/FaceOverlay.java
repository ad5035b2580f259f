package io.asmnetedge.camera;

import android.content.Context;
import android.graphics.Canvas;
import android.graphics.Color;
import android.graphics.Paint;
import android.view.View;
import io.asmnetedge.Face;
import io.asmnetedge.TrackedFace;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** Landmarks over a camera's preview, which is fitted into the view as a whole. */
final class FaceOverlay extends View {
    private static final int DOUBT = Color.rgb(255, 150, 0);

    private final Paint dots = new Paint(Paint.ANTI_ALIAS_FLAG);
    private final Paint text = new Paint(Paint.ANTI_ALIAS_FLAG);
    private List<TrackedFace> faces = Collections.emptyList();
    private String message = "";
    private int width = 1;
    private int height = 1;
    private boolean mirrored;

    FaceOverlay(Context context) {
        super(context);
        float density = getResources().getDisplayMetrics().density;
        dots.setStrokeWidth(3 * density);
        dots.setStrokeCap(Paint.Cap.ROUND);
        text.setColor(Color.WHITE);
        text.setTextSize(16 * density);
        text.setShadowLayer(4, 0, 0, Color.BLACK);
    }

    void say(String message) {
        post(() -> {
            this.message = message;
            faces = Collections.emptyList();
            invalidate();
        });
    }

    /** Faces of a frame of width x height pixels, over a preview that may be its mirror image; from any thread. */
    void show(List<TrackedFace> faces, int width, int height, boolean mirrored, double ms) {
        post(() -> {
            this.faces = faces;
            this.width = width;
            this.height = height;
            this.mirrored = mirrored;
            message = String.format(Locale.US, "%.1f ms", ms);
            invalidate();
        });
    }

    @Override
    protected void onDraw(Canvas canvas) {
        float scale = Math.min((float) getWidth() / width, (float) getHeight() / height);
        float left = (getWidth() - scale * width) / 2;
        float top = (getHeight() - scale * height) / 2;
        for (TrackedFace tracked : faces) {
            drawLandmarks(canvas, tracked.face, left, top, scale);
            drawLabel(canvas, tracked, left, top, scale);
        }
        canvas.drawText(message, text.getTextSize(), 3 * text.getTextSize(), text);
    }

    private void drawLandmarks(Canvas canvas, Face face, float left, float top, float scale) {
        dots.setColor(face.isDoubtful() ? DOUBT : Color.GREEN);
        for (int i = 0; i < Face.LANDMARKS; i++) {
            float x = face.landmarks[2 * i] + 0.5f; // centres of pixels are whole numbers
            float y = face.landmarks[2 * i + 1] + 0.5f;
            canvas.drawPoint(left + scale * (mirrored ? width - x : x), top + scale * y, dots);
        }
    }

    private void drawLabel(Canvas canvas, TrackedFace tracked, float left, float top, float scale) {
        Face face = tracked.face;
        String label = String.format(Locale.US, "%d: yaw %.0f pitch %.0f roll %.0f", tracked.id, face.yawDeg, face.pitchDeg,
                face.rollDeg);
        if (face.isDoubtful()) {
            label += String.format(Locale.US, ", low confidence %.2f", face.confidence);
        }
        float x = left + scale * (float) (mirrored ? width - face.box.right : face.box.left);
        float y = top + scale * (float) face.box.top - text.getTextSize() / 2;
        x = Math.max(0, Math.min(x, getWidth() - text.measureText(label))); // the view does not cut it
        canvas.drawText(label, x, Math.max(text.getTextSize(), Math.min(y, getHeight() - text.descent())), text);
    }
}
