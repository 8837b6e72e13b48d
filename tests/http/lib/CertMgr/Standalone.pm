# SPDX-License-Identifier: Apache-2.0
# For tests that run outside of Apache::Test: where the sources and the build are. A build elsewhere
# is named by CERTMGR_TEST_BUILD.
package CertMgr::Standalone;
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use File::Basename qw(dirname);

$ENV{CERTMGR_TEST_TOP} //= abs_path(dirname(__FILE__) . '/../../../..');
$ENV{CERTMGR_TEST_BUILD} //= "$ENV{CERTMGR_TEST_TOP}/build";
# whatever the user trusts must not decide
delete @ENV{qw(SSL_CERT_FILE SSL_CERT_DIR)};

1;
