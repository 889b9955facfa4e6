/* Argon2id in memory that the caller lends, by the widest instructions that there are.
 *
 * Only fill_segment is worth it: it is compiled once for each level of the processor,
 * under a name of its own, and chosen when it runs, so that what one machine built may
 * run on an older one.
 */

#include <string.h>

#include "argon2.h"
#include "core.h"

void fill_segment_v1(const argon2_instance_t *, argon2_position_t);

#ifdef __x86_64__
void fill_segment_v3(const argon2_instance_t *, argon2_position_t);
void fill_segment_v4(const argon2_instance_t *, argon2_position_t);

#define HAS(feature) __builtin_cpu_supports(feature)

static int level(void) {
    if (!(HAS("avx2") && HAS("bmi") && HAS("bmi2") && HAS("fma")))
        return 1;
    return HAS("avx512f") && HAS("avx512bw") && HAS("avx512cd") && HAS("avx512dq") &&
                   HAS("avx512vl") ? 4 : 3;
}

void fill_segment(const argon2_instance_t *instance, argon2_position_t position) {
    switch (level()) {
    case 4:
        fill_segment_v4(instance, position);
        break;
    case 3:
        fill_segment_v3(instance, position);
        break;
    default:
        fill_segment_v1(instance, position);
    }
}
#else
static int level(void) { return 0; } /* this architecture has none */

void fill_segment(const argon2_instance_t *instance, argon2_position_t position) {
    fill_segment_v1(instance, position);
}
#endif

static _Thread_local uint8_t *lent;
static _Thread_local size_t lent_size;

static int borrow(uint8_t **memory, size_t size) {
    *memory = size <= lent_size ? lent : NULL;
    return 0; /* of NULL the library makes an error */
}

static void give_back(uint8_t *memory, size_t size) {
    (void)memory; /* the library has wiped it */
    (void)size;
}

static int derive(uint8_t *digest, uint32_t length, const uint8_t *secret,
                  uint32_t secret_length, const uint8_t *salt, uint32_t salt_length,
                  uint32_t memory_cost, uint32_t time_cost, uint8_t *memory,
                  size_t size) {
    argon2_context context;
    int result;

    memset(&context, 0, sizeof context);
    context.out = digest;
    context.outlen = length;
    context.pwd = (uint8_t *)secret; /* without ARGON2_FLAG_CLEAR_PASSWORD only read */
    context.pwdlen = secret_length;
    context.salt = (uint8_t *)salt;
    context.saltlen = salt_length;
    context.m_cost = memory_cost;
    context.t_cost = time_cost;
    context.lanes = context.threads = 1;
    context.version = ARGON2_VERSION_13;
    context.allocate_cbk = borrow;
    context.free_cbk = give_back;

    lent = memory;
    lent_size = size;
    result = argon2_ctx(&context, Argon2_id);
    lent = NULL;
    lent_size = 0;
    return result;
}
