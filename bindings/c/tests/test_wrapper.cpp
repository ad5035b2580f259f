// The C++ header: the same face, errors as exceptions, detectors as functions.
#include <cstring>

#include "asmnet_edge.hpp"
#include "golden.h"

int main(int argc, char **argv) {
    static golden_case cases[GOLDEN_MAX];
    CHECK(argc >= 4, "usage: test_wrapper MODEL GOLDEN_FOLDER DETECTOR");
    const golden_case *expected = golden_find(cases, golden_read(argv[2], cases), "face_again");
    const fa_image image = golden_frame(argv[2], expected->frame);

    asmnet_edge::FaceAligner::Options options;
    options.detector = [&](const asmnet_edge::Image &) {
        return std::vector<asmnet_edge::Detection>{{expected->box, 0.5, 0.0}};
    };
    asmnet_edge::FaceAligner first(argv[1], std::move(options));
    asmnet_edge::FaceAligner aligner(std::move(first));
    const auto faces = aligner.predict(image);
    CHECK(faces.size() == 1, "%zu faces", faces.size());
    CHECK(golden_distance(faces[0].landmarks[0], expected->landmarks, FA_LANDMARKS * 2) <= 2, "landmarks, pixels");
    const auto face = aligner.align(image, expected->box, true);
    CHECK(std::memcmp(face.landmarks, faces[0].landmarks, sizeof face.landmarks) == 0, "align and predict");

    CHECK(face.point_errors[30] > 0 && face.point_errors[30] == faces[0].point_errors[30], "error %g",
          static_cast<double>(face.point_errors[30]));
    CHECK(face.confidence > 0.5 && face.confidence == faces[0].confidence, "confidence %g", face.confidence);

    try {
        aligner.align(image, {9, 9, 1, 1});
        CHECK(false, "an exception");
    } catch (const asmnet_edge::Error &error) {
        CHECK(error.status() == FA_ERROR_INPUT && std::strstr(error.what(), "left < right"), "%s", error.what());
    }
    asmnet_edge::FaceAligner own(argv[1], std::string(argv[3]));
    const auto found = own.detect(image);
    const auto seen = own.predict(image);
    CHECK(found.size() == 1 && seen.size() == 1 && seen[0].score == found[0].score, "%zu found", found.size());

    const auto again = own.look_again(image, seen[0]);
    CHECK(again && golden_distance(again->landmarks[0], expected->landmarks, FA_LANDMARKS * 2) <= 3, "another look, pixels");

    asmnet_edge::FaceTracker::Options how;
    how.smoothing.reset();
    asmnet_edge::FaceTracker made(own, how), tracker(std::move(made));
    CHECK(tracker.update(image).size() == 1, "a face");
    const auto tracked = tracker.update(image, 2.5);
    CHECK(tracked.size() == 1 && tracked[0].id == 1 && tracked[0].frames == 2, "%zu tracked", tracked.size());
    CHECK(std::memcmp(tracked[0].face.landmarks, tracked[0].measured.landmarks, sizeof tracked[0].face.landmarks) == 0, "smoothed all the same");
    try {
        tracker.update(image, 2.5);
        CHECK(false, "an exception");
    } catch (const asmnet_edge::Error &error) {
        CHECK(error.status() == FA_ERROR_INPUT && std::strstr(error.what(), "timestamp_s"), "%s", error.what());
    }
    tracker.reset();
    CHECK(tracker.update(image, 1).at(0).id == 2, "an id of its own after a reset");

    std::free(const_cast<uint8_t *>(image.data));
    std::puts("wrapper: fine");
}
