/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/govern.h"

static const cm_option_t init_options[] = {
    {"plan", "FILE", "authorities and keys to make (JSON) instead of the default ones"},
    {"organization", "NAME", "organisation in the names of the default authorities"},
    {"profiles", "FOLDER",
     "certificate profiles to store (*.json); left out where their authority is not there"},
    {"so-pin", "SOURCE", "SO PIN of a new token: file:, env: or exec: (default: a random one)"},
    {"log", "FILE", "where to write the record of the ceremony"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t show_options[] = {{"pem", NULL, "print the certificate only, as PEM"},
                                           {NULL, NULL, NULL}};

static const cm_option_t search_options[] = {
    {"match", "HOW", "equal (unless given), begins or contains: for the seven that follow"},
    {"serial", "HEX", "serial number"},
    {"cn", "TEXT", "common name"},
    {"issuer", "NAME", "authority: its name or its subject"},
    {"subscriber", "ID", "person it belongs to"},
    {"san", "NAME", "subject alternative name, perhaps with its kind before it (dns:, ...)"},
    {"sha256", "HEX", "SHA-256 of the certificate"},
    {"profile", "NAME", "profile it was issued under"},
    {"status", "WORD", "active, suspended, revoked or expired"},
    {"expires-before", "TIME", "valid until a time before (RFC 3339, 2027-01-31T00:00:00Z)"},
    {"expires-after", "TIME", "valid until a time after"},
    {"limit", "NUMBER", "most certificates to list (default: 1000)"},
    {NULL, NULL, NULL}};

static const cm_option_t crl_options[] = {
    {"shards", "N",
     "spread new certificates over so many lists; it only grows (default: as it is)"},
    {"delta", "TIME",
     "make delta CRLs, and full lists no more often; 0s: none (default: as it is)"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t request_options[] = {
    {"key", "URI", "key of the authority (pkcs11:token=...;object=...)"},
    {"subject", "DN", "subject to ask for, such as \"CN=Example CA,O=Example\""},
    {"path-length", "NUMBER", "path length to ask for (default: none)"},
    {"algorithm", "NAME", "of a key that has to be made (default: P-256)"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t answer_options[] = {
    {"certificate", "FILE", "the signed certificate (PEM or DER)"},
    {"chain", "FILE", "certificates above it up to the root (PEM)"},
    {"parent", "NAME", "authority of ours that signed it, in place of --chain"},
    {"key", "URI", "its key, when there was no ca csr"},
    {"ocsp-key", "URI", "key of its OCSP responder, made when it is not there (default: no OCSP)"},
    {"crl-validity", "TIME", "life of its CRLs (default: CertMgrCRLValidity)"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t server_options[] = {
    {"csr", "FILE", "certificate request of the server (PEM; - for standard input)"},
    {"dns", "NAME", "DNS name of the server; may be repeated"},
    {"ca", "NAME", "issuing authority (default: issuing)"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t end_options[] = {
    {"reason", "REASON", "reason of RFC 5280 5.3.1, such as superseded or cACompromise"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t add_options[] = {
    {"mail", "ADDRESS", "e-mail address"},
    {"user", "LOGIN", "name under which Apache's own authentication knows the person"},
    {"realm", "NAME", "AuthName, or provider, under which --user holds (default: any AuthName)"},
    {"method", "METHOD", "how a provider vouches for the person: oidc or saml"},
    {"issuer", "URL", "the provider: its claim iss, or its entity ID"},
    {"subject", "NAME", "name there: the claim sub, or the NameID"},
    {"role", "ROLE", "role to give; may be repeated"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t change_options[] = {CM_BREAK_GLASS, {NULL, NULL, NULL}};

static const cm_option_t login_options[] = {
    {"user", "LOGIN", "name under which Apache's own authentication knows the person"},
    {"realm", "NAME", "AuthName, or provider, under which --user holds (default: any AuthName)"},
    {"method", "METHOD", "how a provider vouches for the person: oidc or saml"},
    {"issuer", "URL", "the provider: its claim iss, or its entity ID"},
    {"subject", "NAME", "name there: the claim sub, or the NameID"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t role_options[] = {
    {"group", "NAME", "group for which alone the role holds"}, CM_BREAK_GLASS, {NULL, NULL, NULL}};

static const cm_option_t certificate_options[] = {
    {"csr", "FILE", "certificate request (PEM; - for standard input)"},
    {"profile", "NAME", "certificate profile (default: user)"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t issue_options[] = {
    {"for", "PERSON", "id of the person"},
    {"profile", "NAME", "certificate profile (default: user)"},
    {"csr", "FILE", "certificate request (PEM; - for standard input)"},
    {"san", "NAME", "alternative name, such as dns:www.example.test; may be repeated"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t revoke_options[] = {
    {"reason", "REASON", "reason of RFC 5280 5.3.1, such as superseded or keyCompromise"},
    {"remarks", "TEXT", "why, in words"},
    CM_BREAK_GLASS,
    {NULL, NULL, NULL}};

static const cm_option_t list_options[] = {
    {"operation", "NAME", "only those of this operation, such as change"},
    {"state", "NAME", "only those in this state, such as pending"},
    {NULL, NULL, NULL}};

static const cm_option_t version_options[] = {
    {"version", "NUMBER", "version of the profile (default: the one in force)"},
    {NULL, NULL, NULL}};

static const cm_option_t import_options[] = {
    {"dry-run", NULL, "only say what would be stored"}, CM_BREAK_GLASS, {NULL, NULL, NULL}};

static const cm_option_t verify_options[] = {
    {"head", "FILE",
     "heads kept elsewhere; may be repeated (default: the file of CertMgrAuditHeads)"},
    {NULL, NULL, NULL}};

/* clang-format off */
#define EVENT_FILTERS                                                                              \
    {"action", "NAME", "only events of this action"},                                              \
    {"outcome", "WORD", "only what was done, or what was refused"},                                \
    {"actor", "ID", "only what this person did"},                                                  \
    {"object", "ID", "only what was done to this object"},                                         \
    {"trace", "ID", "only events of the call with this X-Request-Id"},                             \
    {"since", "TIME", "only from this time on (2026-11-22T16:00:00Z)"},                            \
    {"until", "TIME", "only before this time"}
/* clang-format on */

static const cm_option_t event_options[] = {
    EVENT_FILTERS,
    {"limit", "N", "most events to show, up to 200 (default: 50)"},
    {NULL, NULL, NULL}};

static const cm_option_t export_options[] = {EVENT_FILTERS,
                                             {"csv", NULL, "as CSV (default)"},
                                             {"jsonl", NULL, "as JSON, one event a line"},
                                             {NULL, NULL, NULL}};

static const cm_option_t lifecycle_options[] = {{"dot", NULL, "as a graph for Graphviz"},
                                                {NULL, NULL, NULL}};

#define DUAL_CONTROL                                                                               \
    "Once there are two administrators, two of them approve it first: then the id of the "         \
    "request\n"                                                                                    \
    "is printed, and that it waits."
#define DUAL_CONTROL_OF_CAS                                                                        \
    "Once there are two ca-admins, two of them approve it first: then the id of the request is\n"  \
    "printed, and that it waits."

static const cm_command_t commands[] = {
    {"init", "", init_options, CM_NEEDS_SETUP, cm_ctl_init,
     "Set up tokens, database, authorities, keys and profiles",
     "Makes what is not there yet: the tokens of the CertMgrToken lines (each in a free slot, "
     "with\n"
     "the user PIN that the line names), the database schema, the audit key, an escrow key\n"
     "(RSA-3072), the authorities root and issuing (P-256) with the key of their OCSP responder, "
     "and\n"
     "the profiles whose authority is there then. It shows what it is going to do and asks before\n"
     "it writes. A run that was cut is finished by running it again, which also stores the "
     "profiles\n"
     "of authorities that have been added.\n\n"
     "The record of the ceremony names time, user, keys and certificates with their fingerprints.\n"
     "A random SO PIN is shown once and kept nowhere.\n\n"
     "Once there are two ca-admins, two of them approve new authorities, which init asks for "
     "then:\n"
     "one below another when that one is there. Once there are two administrators, init stores no\n"
     "profiles: see profile import."},
    {"db upgrade", "", NULL, CM_NEEDS_STORE, cm_ctl_db_upgrade,
     "Bring the database schema up to date",
     "Runs the migrations that the database lacks, each in a transaction, and records the digest "
     "of\n"
     "each. Safe to run while servers are up, and on several nodes at once."},
    {"db status", "", NULL, CM_NEEDS_STORE, cm_ctl_db_status,
     "Show the version of the database schema",
     "Exit status 1 when this program can't work with the schema."},
    {"ca list", "", NULL, CM_NEEDS_DATABASE, cm_ctl_ca_list, "List the authorities", ""},
    {"ca show", "NAME", show_options, CM_NEEDS_DATABASE, cm_ctl_ca_show, "Show one authority", ""},
    {"ca server-certificate", "", server_options, CM_NEEDS_ALL, cm_ctl_ca_server_certificate,
     "Issue a certificate for a TLS server of this installation",
     "For the server that runs this module itself, which can't be asked before it has one. The\n"
     "request's own names are ignored, those of --dns are used. Prints the certificate as "
     "PEM.\n\n" DUAL_CONTROL_OF_CAS
     "\nThen certificate show ID --pem prints the certificate; request show says its ID."},
    {"ca crl", "NAME", crl_options, CM_NEEDS_DATABASE, cm_ctl_ca_crl,
     "Change how an authority publishes its CRLs",
     "Each new certificate names one of the shards, which keeps it, and is revoked there; those "
     "of\n"
     "before stay in the list that they name. Delta CRLs say what changed since a full list of "
     "the\n"
     "last hours, and are made at once; full lists follow no more often than --delta says."},
    {"ca csr", "NAME", request_options, CM_NEEDS_ALL, cm_ctl_ca_csr,
     "Ask an authority outside for the certificate of a new authority",
     "Makes the key in the token if it is not there, and prints a certification request (PEM) for\n"
     "it. The request is kept until ca import brings the answer; a second one under the same name\n"
     "takes its place. Without options it is printed again.\n\n" DUAL_CONTROL_OF_CAS},
    {"ca import", "NAME", answer_options, CM_NEEDS_ALL, cm_ctl_ca_import,
     "Take up an authority whose certificate was signed elsewhere",
     "The certificate must be that of the key, of an authority that may sign certificates and "
     "CRLs,\n"
     "and verify strictly up to a root, which is in --chain, or above --parent. Then the "
     "authority\n"
     "gets the certificate of its OCSP responder and its first CRL, and profiles can name "
     "it.\n\n" DUAL_CONTROL_OF_CAS},
    {"ca revoke", "NAME", end_options, CM_NEEDS_DATABASE, cm_ctl_ca_revoke,
     "Revoke the certificate of an authority",
     "NAME is an authority below another one of ours, or the id of a certificate: a subordinate\n"
     "authority's, or one that is nobody's, such as the server's. An authority that is revoked\n"
     "issues nothing any more, nor does any below it; their CRLs and OCSP go on. A compromised "
     "key\n"
     "(cACompromise, keyCompromise) is reported as well.\n\n" DUAL_CONTROL_OF_CAS},
    {"certificate list", "", search_options, CM_NEEDS_DATABASE, cm_ctl_certificate_list,
     "List certificates, newest first, that meet all criteria given",
     "A to Z are compared without regard to case in cn, san and issuer. A part of a name\n"
     "(--match contains) has at least three letters or digits in a row."},
    {"certificate show", "ID", show_options, CM_NEEDS_DATABASE, cm_ctl_certificate_show,
     "Show one certificate and what became of it",
     "ID may be the serial number, when only one authority has used it."},
    {"crl publish", "[NAME]", NULL, CM_NEEDS_ALL, cm_ctl_crl_publish,
     "Make a new CRL now, of one authority or of all",
     "The server does so by itself after a revocation and when half of a CRL's time has passed."},
    {"profile list", "", NULL, CM_NEEDS_DATABASE, cm_ctl_profile_list,
     "List the certificate profiles in force", ""},
    {"profile show", "NAME", version_options, CM_NEEDS_DATABASE, cm_ctl_profile_show,
     "Show a profile as it is in force, or a former version", ""},
    {"profile export", "NAME", version_options, CM_NEEDS_DATABASE, cm_ctl_profile_export,
     "Print a profile as a file that can be imported (JSON)",
     "To change a profile or to make one like it, export it to a file, edit the file, and import\n"
     "it; a new name in it makes a new profile."},
    {"profile diff", "NAME|FILE [VERSION] [VERSION]", NULL, CM_NEEDS_DATABASE, cm_ctl_profile_diff,
     "Show what differs between versions of a profile, field by field",
     "Without versions, the version in force is compared with the one before it; with one, with\n"
     "that version. A FILE (a word with a dot or a slash) is compared with the version in force."},
    {"profile check", "FILE...", NULL, CM_NEEDS_DATABASE, cm_ctl_profile_check,
     "Say whether profiles could be imported",
     "A profile is held against the JSON Schema of profiles, itself, RFC 5280 and the authority\n"
     "that it names. Each violation is a line with the field, as JSON Pointer, and the rule."},
    {"profile import", "FILE...", import_options, CM_NEEDS_DATABASE, cm_ctl_profile_import,
     "Store new versions of profiles",
     "Files are JSON (- for standard input) and are checked as by profile check. What is in force\n"
     "already makes no new version. A file that is refused does not keep the others "
     "out.\n\n" DUAL_CONTROL},
    {"person add", "NAME", add_options, CM_NEEDS_DATABASE, cm_ctl_person_add,
     "Add a person; prints the new id",
     "NAME is what certificates of the person will carry as common name.\n\n" DUAL_CONTROL},
    {"person list", "", NULL, CM_NEEDS_DATABASE, cm_ctl_person_list, "List people and their roles",
     ""},
    {"person role add", "ID ROLE", role_options, CM_NEEDS_DATABASE, cm_ctl_person_role_add,
     "Give a person a role",
     "Roles: user, operator, officer, administrator, ca-admin, auditor, client. Without --group "
     "it\n"
     "holds everywhere."},
    {"person role remove", "ID ROLE", role_options, CM_NEEDS_DATABASE, cm_ctl_person_role_remove,
     "Take a role away from a person", ""},
    {"person deactivate", "ID", change_options, CM_NEEDS_DATABASE, cm_ctl_person_deactivate,
     "Let a person log in nowhere any more",
     "Requests and certificates stay as they are. Two administrators have to be "
     "left.\n\n" DUAL_CONTROL},
    {"person activate", "ID", change_options, CM_NEEDS_DATABASE, cm_ctl_person_activate,
     "Let a deactivated person log in again", DUAL_CONTROL},
    {"person login add", "ID", login_options, CM_NEEDS_DATABASE, cm_ctl_person_login_add,
     "Tie a further log-in to a person",
     "Whoever comes by it is this person from then on, with its roles. A certificate that was\n"
     "issued here needs no such line."},
    {"person login remove", "ID", login_options, CM_NEEDS_DATABASE, cm_ctl_person_login_remove,
     "Take a log-in from a person", ""},
    {"person login list", "ID", NULL, CM_NEEDS_DATABASE, cm_ctl_person_login_list,
     "List the log-ins of a person", "Those by certificate are not among them."},
    {"group add", "NAME", change_options, CM_NEEDS_DATABASE, cm_ctl_group_change, "Make a group",
     "A profile that a group lists is open to members only: of this group, or of another one that\n"
     "lists it."},
    {"group list", "", NULL, CM_NEEDS_DATABASE, cm_ctl_group_list, "List the groups", ""},
    {"group show", "NAME", NULL, CM_NEEDS_DATABASE, cm_ctl_group_show,
     "List the people of a group with what they are in it", ""},
    {"group remove", "NAME", change_options, CM_NEEDS_DATABASE, cm_ctl_group_change,
     "Remove a group",
     "Refused while it lists profiles, which would be open to everybody then. What was made in it\n"
     "keeps its name."},
    {"group profile add", "NAME PROFILE", change_options, CM_NEEDS_DATABASE, cm_ctl_group_change,
     "Open a profile to the members of a group, and to nobody else", ""},
    {"group profile remove", "NAME PROFILE", change_options, CM_NEEDS_DATABASE, cm_ctl_group_change,
     "Take a profile from a group",
     "A profile that no group lists any more is open to everybody whom it allows."},
    {"group domain add", "NAME DOMAIN", change_options, CM_NEEDS_DATABASE, cm_ctl_group_change,
     "Note that a DNS name belongs to a group", ""},
    {"group domain remove", "NAME DOMAIN", change_options, CM_NEEDS_DATABASE, cm_ctl_group_change,
     "Take a DNS name from a group", ""},
    {"group member add", "NAME ID", change_options, CM_NEEDS_DATABASE, cm_ctl_group_change,
     "Put a person into a group", ""},
    {"group member remove", "NAME ID", change_options, CM_NEEDS_DATABASE, cm_ctl_group_change,
     "Take a person out of a group", "Roles that hold for the group stay: person role remove."},
    {"person certificate", "ID", certificate_options, CM_NEEDS_ALL, cm_ctl_person_certificate,
     "Issue a certificate for a person who can't log in yet",
     "The same as issue --for ID. This is how the first people of an installation get their\n"
     "log-in."},
    {"issue", "", issue_options, CM_NEEDS_ALL, cm_ctl_issue,
     "Ask for a certificate in the name of a person",
     "Submits a request in the person's name, under the checklist of the profile, and prints the\n"
     "certificate as PEM; or, while something is open, the id of the request. Once there are two\n"
     "administrators, they approve a certificate of somebody who may approve besides: it logs "
     "that\n"
     "person in."},
    {"revoke", "CERTIFICATE", revoke_options, CM_NEEDS_ALL, cm_ctl_revoke,
     "Revoke a certificate in the name of its owner",
     "CERTIFICATE is the id. Submits a request under the checklist of its profile, and says so "
     "when\n"
     "it waits."},
    {"request list", "", list_options, CM_NEEDS_DATABASE, cm_ctl_request_list,
     "List the newest requests", ""},
    {"request show", "ID", NULL, CM_NEEDS_DATABASE, cm_ctl_request_show,
     "Show a request and what it waits for", ""},
    {"key compromised", "FILE", change_options, CM_NEEDS_DATABASE, cm_ctl_key_compromised,
     "Report that a private key is known to others",
     "FILE holds a certificate, a certification request or a public key, whoever made it (PEM; -\n"
     "for standard input). From then on nobody gets a certificate for the key. Certificates that\n"
     "have it already are listed, and have to be revoked one by one with the reason\n"
     "keyCompromise, which reports a key as well. There is no way to take a report "
     "back.\n\n" DUAL_CONTROL_OF_CAS},
    {"audit verify", "", verify_options, CM_NEEDS_ALL, cm_ctl_audit_verify,
     "Recompute the audit log and compare it with its signed heads",
     "Prints a line \"event ID changed|missing|inserted\" for each finding, then how many events "
     "are\n"
     "sealed and how many are not yet. Exit status 4 when there is a finding. Heads kept outside "
     "of\n"
     "the database make a cut-off tail and a database that was rolled back as a whole visible."},
    {"audit head", "", NULL, CM_NEEDS_ALL, cm_ctl_audit_head,
     "Seal what is waiting and print the signed head of the audit log",
     "Keep its output in another place and give it to audit verify --head later."},
    {"audit list", "", event_options, CM_NEEDS_DATABASE, cm_ctl_audit_list,
     "List the newest events of the audit log", "Several filters all have to hold."},
    {"audit export", "", export_options, CM_NEEDS_DATABASE, cm_ctl_audit_export,
     "Write all events that the filters let through, newest first",
     "The export is an event of its own. In CSV, a cell that a spreadsheet would take for a "
     "formula\n"
     "(it begins with = + - @, a tab or a line end) gets an apostrophe before it; --jsonl is "
     "exact."},
    {"audit refusals", "", NULL, CM_NEEDS_DATABASE, cm_ctl_audit_refusals,
     "Show how many calls of strangers were refused, by hour and rule", ""},
    {"jobs list", "", NULL, CM_NEEDS_NOTHING, cm_ctl_jobs_list, "List the server's jobs", ""},
    {"jobs run", "[NAME]", NULL, CM_NEEDS_ALL, cm_ctl_jobs_run, "Run one job, or all, now",
     "A job that another process is at is passed over."},
    {"token list", "", NULL, CM_NEEDS_CONFIG, cm_ctl_token_list,
     "List slots and tokens of the configured modules", "No PIN is used."},
    {"routes", "", NULL, CM_NEEDS_NOTHING, cm_ctl_routes,
     "List the addresses that the server answers, with the permission each needs", ""},
    {"lifecycle", "", lifecycle_options, CM_NEEDS_NOTHING, cm_ctl_lifecycle,
     "Show the states of a request and what leads from one to another", ""},
    {"directives", "", NULL, CM_NEEDS_NOTHING, cm_ctl_directives,
     "List the directives of Apache's configuration", ""},
    {"problems", "", NULL, CM_NEEDS_NOTHING, cm_ctl_problems, "List the error codes of the API",
     ""},
    {"manual", "PART", NULL, CM_NEEDS_NOTHING, cm_ctl_manual,
     "Print a part of the manual pages (roff)",
     "PART is commands, directives, problems, profile or rules."},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL}};

const cm_command_t *cm_commands(void)
{
    return commands;
}
