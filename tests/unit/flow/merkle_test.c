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

TCase *merkle_case(void)
{
    TCase *tcase = unit_case("merkle");

    tcase_add_test(tcase, roots_are_those_of_the_rfc);
    tcase_add_test(tcase, a_tree_goes_on_from_its_peaks);
    return tcase;
}
