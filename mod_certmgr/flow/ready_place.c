/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ready_place.h"

#include <string.h>

/* 64-bit FNV-1a, over octets and over words */
static const uint64_t fnv_offset = 0xcbf29ce484222325u, fnv_prime = 0x100000001b3u;

uint64_t cm_place_key(cm_bytes_t bytes)
{
    uint64_t value = fnv_offset;

    for (apr_size_t i = 0; i < bytes.len; i++) {
        value = (value ^ bytes.data[i]) * fnv_prime;
    }
    return value | 1;
}

static uint64_t sum_of(const uint64_t *words, apr_size_t count)
{
    uint64_t value = fnv_offset;

    for (apr_size_t i = 0; i < count; i++) {
        value = (value ^ words[i]) * fnv_prime;
    }
    return value;
}

cm_bytes_t cm_place_id(const cm_place_content_t *content)
{
    return cm_bytes_make(content->bytes, content->note.id_len);
}

cm_bytes_t cm_place_serial(const cm_place_content_t *content)
{
    const cm_place_note_t *note = &content->note;

    return cm_bytes_make(content->bytes + note->id_len - note->serial_len, note->serial_len);
}

int cm_place_fill(cm_place_content_t *content, const cm_ocsp_id_t *id,
                  const cm_ready_answer_t *answer)
{
    if (id->der.len + answer->der.len > CM_PLACE_ROOM || id->serial.len > id->der.len ||
        answer->sha256.len != SHA256_DIGEST_LENGTH) {
        return 0;
    }
    memset(content, 0, sizeof *content);
    content->note = (cm_place_note_t){.this_update = answer->this_update,
                                      .next_update = answer->next_update,
                                      .modified = answer->modified,
                                      .id_len = id->der.len,
                                      .serial_len = id->serial.len,
                                      .der_len = answer->der.len};
    memcpy(content->note.sha256, answer->sha256.data, answer->sha256.len);
    memcpy(content->bytes, id->der.data, id->der.len);
    memcpy(content->bytes + id->der.len, answer->der.data, answer->der.len);
    return 1;
}

static int is_sound(const cm_place_note_t *note)
{
    return note->id_len <= CM_PLACE_ROOM && note->der_len <= CM_PLACE_ROOM &&
           note->id_len + note->der_len <= CM_PLACE_ROOM && note->serial_len <= note->id_len &&
           note->authority >= 0 && note->authority < CM_READY_AUTHORITIES;
}

static apr_size_t words_of(const cm_place_note_t *note)
{
    return CM_PLACE_NOTE + (note->id_len + note->der_len + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

static void copy(uint64_t *words, const uint64_t *from, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        words[i] = CM_PLACE_GET(from[i]);
    }
}

int cm_place_read(cm_place_content_t *content, const cm_place_t *place)
{
    uint64_t *words = (uint64_t *)(void *)content;
    apr_size_t count;

    if (!CM_PLACE_GET(place->key)) {
        return 0;
    }
    copy(words, place->words, CM_PLACE_NOTE);
    if (!is_sound(&content->note)) {
        return 0;
    }
    count = words_of(&content->note);
    copy(words + CM_PLACE_NOTE, place->words + CM_PLACE_NOTE, count - CM_PLACE_NOTE);
    return CM_PLACE_GET(place->sum) == sum_of(words, count);
}

void cm_place_clear(cm_place_t *place)
{
    CM_PLACE_SET(place->key, 0);
}

void cm_place_write(cm_place_t *place, uint64_t key, const cm_place_content_t *content)
{
    const uint64_t *words = (const uint64_t *)(const void *)content;
    apr_size_t count = words_of(&content->note);

    cm_place_clear(place);
    for (apr_size_t i = 0; i < count; i++) {
        CM_PLACE_SET(place->words[i], words[i]);
    }
    CM_PLACE_SET(place->sum, sum_of(words, count));
    CM_PLACE_SET(place->used, 0);
    CM_PLACE_SET(place->key, key);
}
