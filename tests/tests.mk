# SPDX-License-Identifier: Apache-2.0
# One Check program a layer; each folder lists its own files.
if HAVE_CHECK
include tests/unit/base/tests.mk
include tests/unit/pki/tests.mk
include tests/unit/keys/tests.mk
include tests/unit/policy/tests.mk
include tests/unit/store/tests.mk
include tests/unit/flow/tests.mk
include tests/unit/proto/tests.mk
endif
