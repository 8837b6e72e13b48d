# SPDX-License-Identifier: Apache-2.0
# Pages that ship with the package; tests/docs runs their examples.
DOCS = %D%/audit.md %D%/deploy-existing-apache.md %D%/deploy-portal.md %D%/deploy-proxy.md
EXTRA_DIST += $(DOCS)
