/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-load [OPTION...] URL RECORDS: requests over connections that are kept, one after the other
 * on each, as fast as they are answered.
 *
 *   -c NUMBER   connections (16)
 *   -s NUMBER   seconds (5)
 *   -n NUMBER   records to use at most (all)
 *   -f NUMBER   records to pass over first (0)
 *   -t TYPE     media type: POST each record, once. Without it each record is the end of an
 *               address to GET, and they are gone through again and again.
 *   -e NUMBER   status of a good answer (200)
 *   -k FILE     PEM of client certificate and key
 *   -a FILE     PEM of the trusted root
 *   -o FILE     bodies of good answers are put into it, as records
 *
 * SIGTERM ends it as if the seconds were over: what is under way is still answered and counted.
 *
 * The clock starts when each connection has had its first answer. Prints {"sent", "good", "rate",
 * "cpu", "p50", "p95"}: answers in all, good ones among them, good ones a second of the clock, this
 * program's CPU seconds an answer, milliseconds.
 */
#include <curl/curl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bench.h"

enum { CONNECTIONS_MAX = 256 };

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    stopped = number;
}

typedef struct {
    const char *url, *type, *certificate, *root, *output;
    int connections, seconds, first, most;
    long expected;
} plan_t;

typedef struct {
    CURL *easy;
    char *answer; /* the body, ended with a NUL */
    size_t len, room;
} slot_t;

typedef struct {
    plan_t plan;
    bench_records_t records;
    FILE *output;
    CURLM *multi;
    int poll;       /* epoll: curl_multi_perform would look after all connections each time */
    double timeout; /* when libcurl wants to be called */
    int running;    /* requests */
    struct curl_slist *headers;
    slot_t slots[CONNECTIONS_MAX];
    char *url;      /* of a GET */
    size_t url_len; /* of the part that is the same for all */
    int used;       /* records */
    int sent, good; /* answers */
    int timed;      /* good answers while the clock ran */
    double *times;  /* of those, in seconds */
    size_t times_max;
    double start, last; /* of the clock; 0: it does not run yet */
    double cpu;         /* when it started */
} load_t;

static size_t keep_body(char *data, size_t one, size_t len, void *baton)
{
    slot_t *slot = baton;

    if (slot->room < slot->len + len + 1) {
        slot->room = 2 * (slot->len + len + 1);
        slot->answer = bench_memory(slot->answer, slot->room);
    }
    memcpy(slot->answer + slot->len, data, len);
    slot->len += len;
    slot->answer[slot->len] = '\0';
    return one * len;
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *baton, void *known)
{
    static char seen;
    load_t *load = baton;
    struct epoll_event event = {.data.fd = socket};

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(load->poll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    epoll_ctl(load->poll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    curl_multi_assign(load->multi, socket, &seen);
    return 0;
}

static int keep_timeout(CURLM *multi, long wait_ms, void *baton)
{
    load_t *load = baton;

    (void)multi;
    load->timeout = bench_now() + (wait_ms < 0 ? 1 : (double)wait_ms / 1000);
    return 0;
}

static void make_slot(load_t *load, slot_t *slot)
{
    const plan_t *plan = &load->plan;
    CURL *easy = slot->easy = curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_URL, plan->url);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, load->headers);
    if (plan->root) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, plan->root);
    }
    if (plan->certificate) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, plan->certificate);
        curl_easy_setopt(easy, CURLOPT_SSLKEY, plan->certificate);
    }
}

/* Gives the slot its next request, if there is one. */
static void send_next(load_t *load, slot_t *slot)
{
    const unsigned char *record;
    size_t len;

    if (load->plan.most && load->used == load->plan.most) {
        return;
    }
    record = bench_records_next(&load->records, &len);
    if (!record && !load->plan.type) {
        load->records.at = 0;
        record = bench_records_next(&load->records, &len);
    }
    if (!record) {
        return;
    }
    load->used++;
    slot->len = 0;
    if (load->plan.type) {
        curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)len);
        curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, record);
    } else {
        load->url = bench_memory(load->url, load->url_len + len + 1);
        memcpy(load->url + load->url_len, record, len);
        load->url[load->url_len + len] = '\0';
        curl_easy_setopt(slot->easy, CURLOPT_URL, load->url);
    }
    curl_multi_add_handle(load->multi, slot->easy);
    load->running++;
}

static void keep_time(load_t *load, CURL *easy)
{
    curl_off_t took = 0;

    load->last = bench_now();
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took);
    if ((size_t)load->timed == load->times_max) {
        load->times_max = 2 * load->times_max + 1024;
        load->times = bench_memory(load->times, load->times_max * sizeof *load->times);
    }
    load->times[load->timed++] = (double)took / 1e6;
}

static void take_answer(load_t *load, const slot_t *slot, CURLcode result)
{
    long status = 0;

    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    load->sent++;
    if (result == CURLE_OK && status == load->plan.expected) {
        load->good++;
        if (load->output) {
            bench_record_write(load->output, slot->answer, slot->len);
        }
        if (load->start > 0) {
            keep_time(load, slot->easy);
        }
        return;
    }
    if (load->sent - load->good == 1) {
        fprintf(stderr, "bench-load: %s: %s, status %ld: %.600s\n", load->plan.url,
                curl_easy_strerror(result), status, slot->len ? slot->answer : "no body");
    }
}

static void take_answers(load_t *load, double end)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(load->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        slot_t *slot;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
        take_answer(load, slot, result);
        curl_multi_remove_handle(load->multi, easy);
        load->running--;
        if (!stopped && bench_now() < end) {
            send_next(load, slot);
        }
    }
}

/* Until nothing is under way any more; new requests are sent until `end`, 0: none are. */
static void run(load_t *load, double end)
{
    struct epoll_event events[CONNECTIONS_MAX];
    int running;

    while (load->running) {
        double wait = load->timeout - bench_now();
        int wait_ms = wait > 1 ? 1000 : wait > 0 ? (int)(wait * 1000) + 1 : 0;
        int count = epoll_wait(load->poll, events, CONNECTIONS_MAX, wait_ms);

        for (int i = 0; i < count; i++) {
            int action = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                         (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                         (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

            curl_multi_socket_action(load->multi, events[i].data.fd, action, &running);
        }
        if (bench_now() >= load->timeout) {
            load->timeout = bench_now() + 1;
            curl_multi_socket_action(load->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        take_answers(load, end);
    }
}

static void start_all(load_t *load)
{
    for (int i = 0; i < load->plan.connections; i++) {
        if (!load->slots[i].easy) {
            make_slot(load, &load->slots[i]);
        }
        send_next(load, &load->slots[i]);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double percentile(const load_t *load, int percent)
{
    return load->timed ? load->times[(size_t)load->timed * (size_t)percent / 100] * 1000 : 0;
}

static void report(load_t *load)
{
    double took = load->last - load->start;

    if (load->timed) {
        qsort(load->times, (size_t)load->timed, sizeof *load->times, by_value);
    }
    printf("{\"sent\": %d, \"good\": %d, \"rate\": %.3f, \"cpu\": %.9f, \"p50\": %.3f, \"p95\": "
           "%.3f}\n",
           load->sent, load->good, load->timed ? load->timed / took : 0,
           load->timed ? (bench_cpu() - load->cpu) / load->timed : 0, percentile(load, 50),
           percentile(load, 95));
}

static void read_options(plan_t *plan, int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "c:s:n:f:t:e:k:a:o:")) != -1) {
        switch (option) {
        case 'c':
            plan->connections = bench_number(optarg);
            break;
        case 's':
            plan->seconds = bench_number(optarg);
            break;
        case 'n':
            plan->most = bench_number(optarg);
            break;
        case 'f':
            plan->first = strcmp(optarg, "0") == 0 ? 0 : bench_number(optarg);
            break;
        case 't':
            plan->type = optarg;
            break;
        case 'e':
            plan->expected = bench_number(optarg);
            break;
        case 'k':
            plan->certificate = optarg;
            break;
        case 'a':
            plan->root = optarg;
            break;
        case 'o':
            plan->output = optarg;
            break;
        default:
            exit(2);
        }
    }
    if (argc != optind + 2 || plan->connections > CONNECTIONS_MAX) {
        bench_die("bench-load [-c CONNECTIONS] [-s SECONDS] [-n MOST] [-f FIRST] [-t TYPE]"
                  " [-e STATUS] [-k CERTIFICATE] [-a ROOT] [-o OUTPUT] URL RECORDS");
    }
    plan->url = argv[optind];
}

static void make_load(load_t *load, const char *records)
{
    size_t len;

    bench_records_open(&load->records, records);
    for (int i = 0; i < load->plan.first; i++) {
        bench_records_next(&load->records, &len);
    }
    load->url_len = strlen(load->plan.url);
    load->url = bench_memory(NULL, load->url_len);
    memcpy(load->url, load->plan.url, load->url_len);
    load->poll = epoll_create1(EPOLL_CLOEXEC);
    load->multi = curl_multi_init();
    curl_multi_setopt(load->multi, CURLMOPT_MAXCONNECTS, (long)load->plan.connections);
    curl_multi_setopt(load->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(load->multi, CURLMOPT_SOCKETDATA, load);
    curl_multi_setopt(load->multi, CURLMOPT_TIMERFUNCTION, keep_timeout);
    curl_multi_setopt(load->multi, CURLMOPT_TIMERDATA, load);
    if (load->plan.output && !(load->output = fopen(load->plan.output, "wb"))) {
        bench_die("%s can't be written", load->plan.output);
    }
    load->headers = curl_slist_append(NULL, "Expect:");
    if (load->plan.type) {
        char line[128];

        snprintf(line, sizeof line, "Content-Type: %s", load->plan.type);
        load->headers = curl_slist_append(load->headers, line);
    }
}

int main(int argc, char **argv)
{
    static load_t load = {.plan = {.connections = 16, .seconds = 5, .expected = 200}};

    read_options(&load.plan, argc, argv);
    signal(SIGTERM, stop);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    make_load(&load, argv[optind + 1]);
    start_all(&load);
    run(&load, 0);
    load.last = load.start = bench_now();
    load.cpu = bench_cpu();
    start_all(&load);
    run(&load, load.start + load.plan.seconds);
    report(&load);
    if (load.output && fclose(load.output)) {
        bench_die("%s can't be written", load.plan.output);
    }
    return load.sent > 0 && load.good == load.sent ? 0 : 1;
}
