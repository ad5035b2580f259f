/* Faces through a video, as sdk/tracker.py has it: the next crop comes from the last landmarks. */
#include <math.h>
#include <stdlib.h>

#include "smooth.h"

#define SAME_FACE 0.3 /* IoU above which a detection is a face that is tracked already */

typedef struct track {
    int32_t id, frames;
    double last_s; /* -INFINITY before it was first given out */
    fa_face measured;
    fa_landmark_filter landmarks;
    fa_pose_filter pose;
} track;

struct fa_tracker {
    fa_aligner *aligner;
    fa_tracker_options options;
    fa_euro euro;
    int32_t next_id, count, capacity;
    int64_t since_search;
    double now;
    track *tracks;
    fa_face faces[FA_MAX_DETECTIONS]; /* seen in this frame */
    int kept[FA_MAX_DETECTIONS];
};

static fa_status check_options(const fa_tracker_options *o) {
    if (o->abi_version != FA_ABI_VERSION)
        return fa_fail(FA_ERROR_ABI, "abi_version: expected %u, got %u; start from FA_TRACKER_OPTIONS_INIT and compile "
                                     "against this library's header", FA_ABI_VERSION, o->abi_version);
    if (o->detect_every < 1 || o->max_faces < 0 || !(o->fps > 0) || !isfinite(o->fps))
        return fa_fail(FA_ERROR_INPUT, "options: expected detect_every of at least 1, max_faces of at least 1 or 0 for all, "
                                       "and a finite fps above 0, got %d, %d and %g", o->detect_every, o->max_faces, o->fps);
    if (o->smooth && (!(o->min_cutoff_hz > 0) || !(o->speed_cutoff_hz > 0) || !(o->beta >= 0) || !isfinite(o->beta)))
        return fa_fail(FA_ERROR_INPUT, "options: expected positive cut-offs and a finite beta of at least 0, got %g, %g and %g",
                       o->min_cutoff_hz, o->speed_cutoff_hz, o->beta);
    return FA_OK;
}

fa_status fa_tracker_create(fa_aligner *aligner, const fa_tracker_options *options, fa_tracker **tracker) {
    if (aligner == NULL || options == NULL || tracker == NULL)
        return fa_fail(FA_ERROR_INPUT, "aligner, options, tracker: expected pointers, got NULL");
    *tracker = NULL;
    fa_status status = check_options(options);
    if (status != FA_OK) return status;
    int limited = options->max_faces > 0 && options->max_faces < FA_MAX_DETECTIONS;
    fa_tracker *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->capacity = limited ? options->max_faces : FA_MAX_DETECTIONS;
        made->tracks = calloc((size_t)made->capacity, sizeof *made->tracks);
    }
    if (made == NULL || made->tracks == NULL) {
        free(made);
        return fa_fail(FA_ERROR_MEMORY, "no memory for a tracker");
    }
    made->aligner = aligner;
    made->options = *options;
    made->euro = (fa_euro){options->min_cutoff_hz, options->beta, options->speed_cutoff_hz};
    made->next_id = 1;
    made->since_search = options->detect_every;
    *tracker = made;
    return FA_OK;
}

void fa_tracker_destroy(fa_tracker *tracker) {
    if (tracker == NULL) return;
    free(tracker->tracks);
    free(tracker);
}

void fa_tracker_reset(fa_tracker *tracker) {
    if (tracker == NULL) return;
    tracker->count = 0;
    tracker->since_search = tracker->options.detect_every;
}

static fa_status advance(fa_tracker *t, const double *timestamp_s) {
    double now = timestamp_s != NULL ? *timestamp_s : t->now + 1.0 / t->options.fps;
    if (!isfinite(now)) return fa_fail(FA_ERROR_INPUT, "timestamp_s: expected a number of seconds, got %g", now);
    if (t->count > 0 && now <= t->now)
        return fa_fail(FA_ERROR_INPUT, "timestamp_s: expected a time after %.17g, got %.17g", t->now, now);
    t->now = now;
    return FA_OK;
}

/* Looks again; an image that is checked is refused only where the landmarks went where no crop is. */
static fa_status again(fa_tracker *t, const fa_image *image, const fa_face *face, fa_face *out, int *seen) {
    fa_status status = fa_look_again(t->aligner, image, face, out, seen);
    if (status == FA_ERROR_INPUT) {
        *seen = 0;
        return FA_OK;
    }
    *seen = *seen && out->box.left < out->box.right && out->box.top < out->box.bottom;
    return status;
}

/* One look; a second where the face moved far, and it is lost where the two disagree. */
static fa_status follow(fa_tracker *t, const fa_image *image, const fa_face *last, fa_face *out, int *seen) {
    double limit = fa_max_disagreement(t->aligner);
    fa_status status = again(t, image, last, out, seen);
    if (status != FA_OK || !*seen || fa_face_disagreement(last, out) <= limit) return status;
    const fa_face first = *out;
    status = again(t, image, &first, out, seen);
    *seen = *seen && fa_face_disagreement(&first, out) <= limit;
    return status;
}

static fa_status follow_all(fa_tracker *t, const fa_image *image) {
    for (int32_t i = 0; i < t->count; i++) {
        fa_status status = follow(t, image, &t->tracks[i].measured, &t->faces[i], &t->kept[i]);
        if (status != FA_OK) return status; /* the tracks are as they were */
    }
    int32_t left = 0;
    for (int32_t i = 0; i < t->count; i++) {
        if (!t->kept[i]) continue;
        if (left < i) t->tracks[left] = t->tracks[i];
        t->tracks[left].measured = t->faces[i];
        t->tracks[left++].frames++;
    }
    t->count = left;
    return FA_OK;
}

static int is_known(const fa_tracker *t, const fa_face *face) {
    for (int32_t i = 0; i < t->count; i++)
        if (fa_box_overlap(&face->box, &t->tracks[i].measured.box) > SAME_FACE) return 1;
    return 0;
}

static fa_status search(fa_tracker *t, const fa_image *image) {
    int32_t found;
    t->since_search = 0;
    fa_status status = fa_predict(t->aligner, image, t->faces, FA_MAX_DETECTIONS, &found);
    for (int32_t i = 0; i < found && status == FA_OK; i++)
        if (t->count < t->capacity && !is_known(t, &t->faces[i]))
            t->tracks[t->count++] = (track){.id = t->next_id++, .frames = 1, .last_s = -INFINITY, .measured = t->faces[i]};
    return status;
}

static void give_out(fa_tracker *t, track *one, fa_tracked_face *out) {
    double seconds = t->now - one->last_s;
    one->last_s = t->now;
    fa_face *face = &t->faces[0];
    *face = one->measured;
    if (t->options.smooth) {
        double unit = fa_most(fa_interocular_distance(face), 1e-6);
        if (!isfinite(seconds)) seconds = 0;
        fa_smooth_landmarks(&one->landmarks, &t->euro, seconds, unit, face->landmarks);
        fa_smooth_pose(&one->pose, &t->euro, seconds, face);
        face->box = fa_box_around((const float(*)[2])face->landmarks);
    }
    if (out != NULL) *out = (fa_tracked_face){one->id, one->frames, *face, one->measured};
}

fa_status fa_tracker_update(fa_tracker *t, const fa_image *image, const double *timestamp_s, fa_tracked_face *faces,
                            int32_t capacity, int32_t *count) {
    if (t == NULL || faces == NULL || count == NULL || capacity < 1)
        return fa_fail(FA_ERROR_INPUT, "tracker, faces, count: expected pointers and room for at least one face");
    *count = 0;
    fa_status status = fa_image_check(image);
    if (status == FA_OK) status = advance(t, timestamp_s);
    if (status == FA_OK) status = follow_all(t, image);
    if (status != FA_OK) return status;
    t->since_search++;
    if (t->count == 0 || t->since_search >= t->options.detect_every) status = search(t, image);
    if (status != FA_OK) return status;
    for (int32_t i = 0; i < t->count; i++) give_out(t, &t->tracks[i], i < capacity ? &faces[i] : NULL);
    *count = t->count < capacity ? t->count : capacity;
    return FA_OK;
}
