/* Pixels of images whose brightness and colour lie apart; not installed. */
#ifndef ASMNET_EDGE_CAMERA_H
#define ASMNET_EDGE_CAMERA_H

#include "asmnet_edge.h"

typedef struct fa_camera { /* any camera format as three planes; two columns and `rows` rows share a sample of u and v */
    fa_plane y, u, v;
    int32_t rows;
} fa_camera;

int fa_is_camera(int32_t format);
fa_camera fa_camera_of(const fa_image *image); /* of an image that fa_image_check took */
void fa_camera_pixel(const fa_camera *camera, int64_t column, int64_t row, uint8_t rgb[3]);
void fa_camera_row(const fa_camera *camera, int64_t row, int32_t width, uint8_t *rgb); /* width x 3 */

#endif
