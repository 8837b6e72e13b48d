/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/merkle.h"

#include "unit/flow/suite.h"

/* The eight entries and the roots that Certificate Transparency's own tests use for RFC 6962, whose
 * hashing RFC 9162 kept. */
static const char *const entries[] = {"",
                                      "00",
                                      "10",
                                      "2021",
                                      "3031",
                                      "40414243",
                                      "5051525354555657",
                                      "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

START_TEST(roots_are_those_of_the_rfc)
{
    cm_merkle_t tree = {0};

    ck_assert_str_eq(cm_bytes_hex(cm_merkle_root(&tree, pool), pool),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (int i = 0; i < 8; i++) {
        cm_bytes_t entry;

        assert_done(cm_bytes_unhex(&entry, entries[i], pool));
        cm_merkle_append(&tree, cm_merkle_leaf(entry, pool));
        ck_assert_str_eq(cm_bytes_hex(cm_merkle_root(&tree, pool), pool), roots[i]);
    }
}
END_TEST

START_TEST(a_tree_goes_on_from_its_peaks)
{
    cm_merkle_t whole = {0}, again = {0};

    for (int i = 0; i < 300; i++) {
        cm_bytes_t leaf = cm_merkle_leaf(cm_bytes_make(&i, sizeof i), pool);
        cm_bytes_t peaks = cm_merkle_peaks(&whole, pool);

        assert_done(cm_merkle_resume(&again, whole.size, peaks, pool));
        cm_merkle_append(&whole, leaf);
        cm_merkle_append(&again, leaf);
        ck_assert(cm_bytes_equal(cm_merkle_root(&whole, pool), cm_merkle_root(&again, pool)));
    }
    assert_refused(cm_merkle_resume(&again, 5, cm_merkle_peaks(&whole, pool), pool), CM_E_INTEGRITY,
                   NULL);
}
END_TEST

/* Every leaf of every tree of up to 40 leaves, with every way to cut off the batch it came with. */
START_TEST(a_proof_leads_to_the_root)
{
    enum { SIZE = 40 };
    cm_merkle_t trees[SIZE + 1] = {{0}};
    cm_bytes_t leaves[SIZE];

    for (int i = 0; i < SIZE; i++) {
        leaves[i] = cm_merkle_leaf(cm_bytes_make(&i, sizeof i), pool);
        trees[i + 1] = trees[i];
        cm_merkle_append(&trees[i + 1], leaves[i]);
    }
    for (int size = 1; size <= SIZE; size++) {
        cm_bytes_t root = cm_merkle_root(&trees[size], pool);

        for (int start = 0; start < size; start++) {
            apr_array_header_t *batch = apr_array_make(pool, SIZE, sizeof(cm_bytes_t));
            cm_merkle_batch_t given = {trees[start], batch};

            for (int i = start; i < size; i++) {
                APR_ARRAY_PUSH(batch, cm_bytes_t) = leaves[i];
            }
            for (int i = start; i < size; i++) {
                apr_array_header_t *proof = cm_merkle_prove(&given, i, pool);

                ck_assert(cm_bytes_equal(cm_merkle_follow(leaves[i], i, size, proof, pool), root));
                ck_assert(!cm_bytes_equal(
                    cm_merkle_follow(leaves[(i + 1) % SIZE], i, size, proof, pool), root));
            }
        }
    }
}
END_TEST

/* The proofs that Certificate Transparency's own tests have for the tree of `entries`. */
START_TEST(proofs_are_those_of_the_rfc)
{
    static const struct {
        int position, size;
        const char *hashes[4];
    } samples[] = {
        {0,
         8,
         {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4", NULL}},
        {5,
         8,
         {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7", NULL}},
        {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125", NULL}},
    };

    for (size_t s = 0; s < sizeof samples / sizeof *samples; s++) {
        apr_array_header_t *leaves = apr_array_make(pool, 8, sizeof(cm_bytes_t)), *proof;
        cm_merkle_batch_t batch = {{0}, leaves};

        for (int i = 0; i < samples[s].size; i++) {
            cm_bytes_t entry;

            assert_done(cm_bytes_unhex(&entry, entries[i], pool));
            APR_ARRAY_PUSH(leaves, cm_bytes_t) = cm_merkle_leaf(entry, pool);
        }
        proof = cm_merkle_prove(&batch, samples[s].position, pool);
        for (int i = 0; i < proof->nelts; i++) {
            ck_assert_pstr_eq(cm_bytes_hex(APR_ARRAY_IDX(proof, i, cm_bytes_t), pool),
                              samples[s].hashes[i]);
        }
        ck_assert_ptr_null(samples[s].hashes[proof->nelts]);
    }
}
END_TEST

START_TEST(a_proof_of_the_wrong_length_leads_nowhere)
{
    cm_bytes_t leaf = cm_merkle_leaf(cm_bytes_make("", 0), pool);
    apr_array_header_t *proof = apr_array_make(pool, 4, sizeof(cm_bytes_t));

    for (int length = 0; length < 5; length++) {
        cm_bytes_t root = cm_merkle_follow(leaf, 3, 8, proof, pool);

        ck_assert_int_eq(root.data != NULL, length == 3);
        APR_ARRAY_PUSH(proof, cm_bytes_t) = leaf;
    }
}
END_TEST

TCase *merkle_case(void)
{
    TCase *tcase = unit_case("merkle");

    tcase_add_test(tcase, roots_are_those_of_the_rfc);
    tcase_add_test(tcase, a_tree_goes_on_from_its_peaks);
    tcase_add_test(tcase, a_proof_leads_to_the_root);
    tcase_add_test(tcase, proofs_are_those_of_the_rfc);
    tcase_add_test(tcase, a_proof_of_the_wrong_length_leads_nowhere);
    return tcase;
}
