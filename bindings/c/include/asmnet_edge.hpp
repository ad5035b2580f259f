// C++17 over asmnet_edge.h: errors are exceptions, the handle closes itself.
#ifndef ASMNET_EDGE_HPP
#define ASMNET_EDGE_HPP

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "asmnet_edge.h"

namespace asmnet_edge {

using Box = fa_box;
using Detection = fa_detection;
using Face = fa_face;
using Image = fa_image;
using TrackedFace = fa_tracked_face;

class Error : public std::runtime_error {
public:
    explicit Error(fa_status status) : std::runtime_error(fa_last_error()), status_(status) {}
    fa_status status() const noexcept { return status_; }

private:
    fa_status status_;
};

inline void check(fa_status status) {
    if (status != FA_OK) throw Error(status);
}

class FaceAligner {
public:
    using Detector = std::function<std::vector<Detection>(const Image &)>;

    struct Options {
        std::string detector_path;
        std::string runtime;
        int num_threads = 1;
        Detector detector;
        double max_disagreement = 0.10;
    };

    // Without a detector only align works.
    explicit FaceAligner(const std::string &model_path) : FaceAligner(model_path, Options{}) {}

    FaceAligner(const std::string &model_path, const std::string &detector_path)
        : FaceAligner(model_path, with_detector(detector_path)) {}

    FaceAligner(const std::string &model_path, Options options)
        : detector_(std::make_unique<Detector>(std::move(options.detector))) {
        fa_options c = FA_OPTIONS_INIT;
        c.model_path = model_path.c_str();
        c.runtime = options.runtime.empty() ? nullptr : options.runtime.c_str();
        c.num_threads = options.num_threads;
        c.max_disagreement = options.max_disagreement;
        c.detector_path = options.detector_path.empty() ? nullptr : options.detector_path.c_str();
        c.detector = *detector_ ? &FaceAligner::call : nullptr;
        c.detector_context = detector_.get();
        fa_aligner *handle = nullptr;
        check(fa_create(&c, &handle));
        handle_.reset(handle);
    }

    Face align(const Image &image, const Box &box, bool refine = false) {
        Face face{};
        check(fa_align(handle_.get(), &image, &box, refine, &face));
        return face;
    }

    std::vector<Face> predict(const Image &image) {
        int32_t count = 0;
        check(fa_predict(handle_.get(), &image, faces_.data(), FA_MAX_DETECTIONS, &count));
        return {faces_.begin(), faces_.begin() + count};
    }

    // What the detector finds, before any look.
    std::vector<Detection> detect(const Image &image) {
        std::vector<Detection> found(FA_MAX_DETECTIONS);
        int32_t count = 0;
        check(fa_detect(handle_.get(), &image, found.data(), FA_MAX_DETECTIONS, &count));
        found.resize(static_cast<std::size_t>(count));
        return found;
    }

    // The same face in the next frame; nothing where its landmarks lie outside the frame.
    std::optional<Face> look_again(const Image &image, const Face &face) {
        Face again{};
        int seen = 0;
        check(fa_look_again(handle_.get(), &image, &face, &again, &seen));
        return seen ? std::optional<Face>(again) : std::nullopt;
    }

    fa_aligner *get() const noexcept { return handle_.get(); }

private:
    struct Destroy {
        void operator()(fa_aligner *handle) const noexcept { fa_destroy(handle); }
    };

    static Options with_detector(const std::string &path) {
        Options options;
        options.detector_path = path;
        return options;
    }

    static int32_t call(void *context, const fa_image *image, fa_detection *found, int32_t capacity) noexcept {
        try {
            const auto result = (*static_cast<Detector *>(context))(*image);
            int32_t count = 0;
            for (const auto &detection : result)
                if (count < capacity) found[count++] = detection;
            return count;
        } catch (...) {
            return -1;
        }
    }

    std::unique_ptr<Detector> detector_;
    std::unique_ptr<fa_aligner, Destroy> handle_;
    std::vector<Face> faces_ = std::vector<Face>(FA_MAX_DETECTIONS);
};

// Follows faces through a video. The aligner must live as long as the tracker, and both serve the same thread.
class FaceTracker {
public:
    struct OneEuro { // in outer-eye distances and seconds
        double min_cutoff_hz = 0.3, beta = 60.0, speed_cutoff_hz = 0.6;
    };

    struct Options {
        int detect_every = 15;
        int max_faces = 0; // all
        std::optional<OneEuro> smoothing = OneEuro{};
        double fps = 30.0;
    };

    explicit FaceTracker(FaceAligner &aligner) : FaceTracker(aligner, Options{}) {}

    FaceTracker(FaceAligner &aligner, const Options &options) {
        fa_tracker_options c = FA_TRACKER_OPTIONS_INIT;
        c.detect_every = options.detect_every;
        c.max_faces = options.max_faces;
        c.smooth = options.smoothing.has_value();
        const OneEuro smoothing = options.smoothing.value_or(OneEuro{});
        c.min_cutoff_hz = smoothing.min_cutoff_hz;
        c.beta = smoothing.beta;
        c.speed_cutoff_hz = smoothing.speed_cutoff_hz;
        c.fps = options.fps;
        fa_tracker *handle = nullptr;
        check(fa_tracker_create(aligner.get(), &c, &handle));
        handle_.reset(handle);
    }

    // The faces of the next frame, longest followed first; frames are counted at Options::fps.
    std::vector<TrackedFace> update(const Image &image) { return update(image, nullptr); }

    // The same at a time in seconds from any origin, rising while faces are followed.
    std::vector<TrackedFace> update(const Image &image, double timestamp_s) { return update(image, &timestamp_s); }

    // Forgets all faces, as at a cut; ids go on.
    void reset() { fa_tracker_reset(handle_.get()); }

    fa_tracker *get() const noexcept { return handle_.get(); }

private:
    struct Destroy {
        void operator()(fa_tracker *handle) const noexcept { fa_tracker_destroy(handle); }
    };

    std::vector<TrackedFace> update(const Image &image, const double *timestamp_s) {
        int32_t count = 0;
        check(fa_tracker_update(handle_.get(), &image, timestamp_s, faces_.data(), FA_MAX_DETECTIONS, &count));
        return {faces_.begin(), faces_.begin() + count};
    }

    std::unique_ptr<fa_tracker, Destroy> handle_;
    std::vector<TrackedFace> faces_ = std::vector<TrackedFace>(FA_MAX_DETECTIONS);
};

}  // namespace asmnet_edge
#endif
