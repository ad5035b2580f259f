/* Whether what a detector found is a face, as sdk/acceptance.py has it: docs/model_format.md, "Acceptance". */
#include <math.h>

#include "internal.h"

#define MAX_WEIGHT 1e3
#define LEAST_SCORE 0.01
#define LEAST_CONFIDENCE 1e-4
#define LEAST_PLAUSIBILITY 1e-12
#define NEAREST 1e-3 /* in outer-eye distances */
#define FURTHEST 10.0

fa_status fa_acceptance_read(const fa_packed *packed, fa_acceptance *rule) {
    static const char *const names[FA_ACCEPTANCE] = {"bias", "score", "first", "last", "confidence", "plausibility"};
    fa_json object, value;
    *rule = (fa_acceptance){.given = 0};
    if (fa_json_member(packed->table, "acceptance", &object) != 1) return FA_OK;
    for (int i = 0; i < FA_ACCEPTANCE; i++)
        if (fa_json_member(object, names[i], &value) != 1 || !fa_json_number(value, &rule->weights[i]) ||
            !(fabs(rule->weights[i]) <= MAX_WEIGHT))
            return fa_fail(FA_ERROR_MODEL, "model %s: acceptance: %s: expected a number from %g to %g", packed->origin, names[i],
                           -MAX_WEIGHT, MAX_WEIGHT);
    rule->given = 1;
    return FA_OK;
}

static double log_odds(double share, double least) {
    double within = fa_least(fa_most(share, least), 1.0 - least);
    return log(within / (1.0 - within));
}

static double log_distance(double distance) { return log(fa_least(fa_most(distance, NEAREST), FURTHEST)); }

int fa_accepts(const fa_acceptance *rule, const fa_face *face, double first, double last) {
    const double *w = rule->weights;
    double value = w[0] + w[1] * log_odds(face->score, LEAST_SCORE) + w[2] * log_distance(first) + w[3] * log_distance(last);
    value = value + w[4] * log_odds(face->confidence, LEAST_CONFIDENCE);
    return value + w[5] * log(fa_most(face->plausibility, LEAST_PLAUSIBILITY)) >= 0;
}
