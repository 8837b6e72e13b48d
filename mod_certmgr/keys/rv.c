/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/rv.h"

enum { RETRY_AFTER = 10 }; /* seconds */

/* clang-format off */
static const cm_rv_info_t infos[] = {
    {CKR_OK,                            "CKR_OK",                            CM_RV_DONE,    CM_E_INTERNAL},
    {CKR_HOST_MEMORY,                   "CKR_HOST_MEMORY",                   CM_RV_WAIT,    CM_E_TOKEN},
    {CKR_DEVICE_MEMORY,                 "CKR_DEVICE_MEMORY",                 CM_RV_WAIT,    CM_E_TOKEN},
    {CKR_SESSION_COUNT,                 "CKR_SESSION_COUNT",                 CM_RV_WAIT,    CM_E_TOKEN},
    {CKR_FUNCTION_CANCELED,             "CKR_FUNCTION_CANCELED",             CM_RV_WAIT,    CM_E_TOKEN},
    {CKR_SESSION_HANDLE_INVALID,        "CKR_SESSION_HANDLE_INVALID",        CM_RV_REOPEN,  CM_E_TOKEN},
    {CKR_SESSION_CLOSED,                "CKR_SESSION_CLOSED",                CM_RV_REOPEN,  CM_E_TOKEN},
    {CKR_USER_NOT_LOGGED_IN,            "CKR_USER_NOT_LOGGED_IN",            CM_RV_REOPEN,  CM_E_TOKEN},
    {CKR_KEY_HANDLE_INVALID,            "CKR_KEY_HANDLE_INVALID",            CM_RV_REOPEN,  CM_E_TOKEN},
    {CKR_OBJECT_HANDLE_INVALID,         "CKR_OBJECT_HANDLE_INVALID",         CM_RV_REOPEN,  CM_E_TOKEN},
    {CKR_KEY_CHANGED,                   "CKR_KEY_CHANGED",                   CM_RV_REOPEN,  CM_E_TOKEN},
    {CKR_OPERATION_ACTIVE,              "CKR_OPERATION_ACTIVE",              CM_RV_REOPEN,  CM_E_TOKEN},
    {CKR_OPERATION_NOT_INITIALIZED,     "CKR_OPERATION_NOT_INITIALIZED",     CM_RV_REOPEN,  CM_E_TOKEN},
    {CKR_GENERAL_ERROR,                 "CKR_GENERAL_ERROR",                 CM_RV_RESTART, CM_E_TOKEN},
    {CKR_FUNCTION_FAILED,               "CKR_FUNCTION_FAILED",               CM_RV_RESTART, CM_E_TOKEN},
    {CKR_DEVICE_ERROR,                  "CKR_DEVICE_ERROR",                  CM_RV_RESTART, CM_E_TOKEN},
    {CKR_DEVICE_REMOVED,                "CKR_DEVICE_REMOVED",                CM_RV_RESTART, CM_E_TOKEN},
    {CKR_TOKEN_NOT_PRESENT,             "CKR_TOKEN_NOT_PRESENT",             CM_RV_RESTART, CM_E_TOKEN},
    {CKR_TOKEN_NOT_RECOGNIZED,          "CKR_TOKEN_NOT_RECOGNIZED",          CM_RV_RESTART, CM_E_TOKEN},
    {CKR_SLOT_ID_INVALID,               "CKR_SLOT_ID_INVALID",               CM_RV_RESTART, CM_E_TOKEN},
    {CKR_CRYPTOKI_NOT_INITIALIZED,      "CKR_CRYPTOKI_NOT_INITIALIZED",      CM_RV_RESTART, CM_E_TOKEN},
    {CKR_PIN_INCORRECT,                 "CKR_PIN_INCORRECT",                 CM_RV_PIN,     CM_E_TOKEN},
    {CKR_PIN_INVALID,                   "CKR_PIN_INVALID",                   CM_RV_PIN,     CM_E_TOKEN},
    {CKR_PIN_LEN_RANGE,                 "CKR_PIN_LEN_RANGE",                 CM_RV_PIN,     CM_E_TOKEN},
    {CKR_PIN_EXPIRED,                   "CKR_PIN_EXPIRED",                   CM_RV_PIN,     CM_E_TOKEN},
    {CKR_PIN_LOCKED,                    "CKR_PIN_LOCKED",                    CM_RV_PIN,     CM_E_TOKEN},
    {CKR_USER_PIN_NOT_INITIALIZED,      "CKR_USER_PIN_NOT_INITIALIZED",      CM_RV_PIN,     CM_E_TOKEN},
    {CKR_USER_TYPE_INVALID,             "CKR_USER_TYPE_INVALID",             CM_RV_PIN,     CM_E_TOKEN},
    {CKR_LIBRARY_LOAD_FAILED,           "CKR_LIBRARY_LOAD_FAILED",           CM_RV_FAIL,    CM_E_TOKEN},
    {CKR_ARGUMENTS_BAD,                 "CKR_ARGUMENTS_BAD",                 CM_RV_FAIL,    CM_E_TOKEN},
    {CKR_ACTION_PROHIBITED,             "CKR_ACTION_PROHIBITED",             CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_CANT_LOCK,                     "CKR_CANT_LOCK",                     CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_FUNCTION_NOT_SUPPORTED,        "CKR_FUNCTION_NOT_SUPPORTED",        CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_MECHANISM_INVALID,             "CKR_MECHANISM_INVALID",             CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_MECHANISM_PARAM_INVALID,       "CKR_MECHANISM_PARAM_INVALID",       CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_KEY_TYPE_INCONSISTENT,         "CKR_KEY_TYPE_INCONSISTENT",         CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_KEY_FUNCTION_NOT_PERMITTED,    "CKR_KEY_FUNCTION_NOT_PERMITTED",    CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_KEY_SIZE_RANGE,                "CKR_KEY_SIZE_RANGE",                CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_CURVE_NOT_SUPPORTED,           "CKR_CURVE_NOT_SUPPORTED",           CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_DOMAIN_PARAMS_INVALID,         "CKR_DOMAIN_PARAMS_INVALID",         CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_ATTRIBUTE_TYPE_INVALID,        "CKR_ATTRIBUTE_TYPE_INVALID",        CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_ATTRIBUTE_VALUE_INVALID,       "CKR_ATTRIBUTE_VALUE_INVALID",       CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_ATTRIBUTE_SENSITIVE,           "CKR_ATTRIBUTE_SENSITIVE",           CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_TEMPLATE_INCOMPLETE,           "CKR_TEMPLATE_INCOMPLETE",           CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_TEMPLATE_INCONSISTENT,         "CKR_TEMPLATE_INCONSISTENT",         CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_TOKEN_WRITE_PROTECTED,         "CKR_TOKEN_WRITE_PROTECTED",         CM_RV_FAIL,    CM_E_CONFIG},
    {CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", CM_RV_FAIL, CM_E_CONFIG},
};
/* clang-format on */

static const cm_rv_info_t unknown = {CKR_VENDOR_DEFINED, "CKR_?", CM_RV_FAIL, CM_E_TOKEN};

const cm_rv_info_t *cm_rv_info(CK_RV rv)
{
    for (apr_size_t i = 0; i < sizeof infos / sizeof *infos; i++) {
        if (infos[i].rv == rv) {
            return &infos[i];
        }
    }
    return &unknown;
}

static const char *message(const cm_rv_info_t *info)
{
    if (info->action == CM_RV_PIN) {
        return "the key token refuses the log-in";
    }
    return info->code == CM_E_TOKEN ? "the key token can't be used now"
                                    : "the key token can't do what is asked";
}

cm_error_t *cm_rv_error(CK_RV rv, const char *call, const char *token, apr_pool_t *pool)
{
    const cm_rv_info_t *info = cm_rv_info(rv);
    cm_error_t *error = cm_error_make(pool, info->code, "%s", message(info));

    if (info->code == CM_E_TOKEN) {
        error->retry_after = RETRY_AFTER;
    }
    return cm_error_explain(pool, error, "token %s: %s: %s (0x%lx)%s", token, call, info->name, rv,
                            info->action == CM_RV_PIN
                                ? "; not tried again until the configuration is loaded anew"
                                : "");
}
