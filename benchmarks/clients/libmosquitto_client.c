/* libmosquitto, as a C program uses it: MQTT 5, TCP_NODELAY, 1,000 messages in flight either way, one thread.
 *
 *     client KIND QOS AWAITED PORT MESSAGES PAYLOAD_BYTES TOPIC FILTERS FED PER_S [CA_FILE]
 *
 * The same job and the same one line of output as the Python runners (common.py, runner.py).
 */
#define _GNU_SOURCE
#include <mosquitto.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 100
#define FILTERS_AT_ONCE 100
#define STALL_S 3.0
#define PAUSE_S 0.5

static struct {
    const char *kind, *topic, *ca_file;
    int qos, port, messages, payload_bytes, filters, per_s;
    bool awaited, fed;
} job;

static struct mosquitto *client;
static bool connected;
static int published, received, subscribed;
static double *sent_at, *trips;
static char *payload;
static struct rusage usage_before;
static double began;

static void die(const char *what, int code) {
    fprintf(stderr, "libmosquitto: %s: %s\n", what, mosquitto_strerror(code));
    exit(1);
}

static void check(const char *what, int code) {
    if (code != MOSQ_ERR_SUCCESS) die(what, code);
}

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static double seconds(struct timeval before, struct timeval after) {
    return (after.tv_sec - before.tv_sec) + (after.tv_usec - before.tv_usec) / 1e6;
}

static long resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*s %ld", &pages) != 1) die("statm", MOSQ_ERR_ERRNO);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* -- what the library tells -------------------------------------------------------------------- */

static void on_connect(struct mosquitto *m, void *u, int code, int flags, const mosquitto_property *p) {
    connected = code == 0;
}

static void on_publish(struct mosquitto *m, void *u, int mid, int code, const mosquitto_property *p) {
    published++;
}

static void on_subscribe(struct mosquitto *m, void *u, int mid, int n, const int *q, const mosquitto_property *p) {
    subscribed++;
}

static void on_message(struct mosquitto *m, void *u, const struct mosquitto_message *got, const mosquitto_property *p) {
    if (trips) trips[received] = now() - sent_at[atoi(got->payload)];
    received++;
}

/* -- turning the loop -------------------------------------------------------------------------- */

static void turn(void) {
    check("loop", mosquitto_loop(client, 100, 1));
}

/* Until `count` is reached, or nothing has come for a while. */
static void until(const int *count, int wanted) {
    int before = *count;
    double moved = now();
    while (*count < wanted && now() - moved < STALL_S) {
        turn();
        if (*count != before) {
            before = *count;
            moved = now();
        }
    }
}

/* Turns the loop until this time; a finer clock than mosquitto_loop, which counts milliseconds. */
static void until_time(double at) {
    double left;
    while ((left = at - now()) > 0) {
        struct pollfd watched = {mosquitto_socket(client), POLLIN, 0};
        struct timespec wait = {(time_t)left, (long)((left - (time_t)left) * 1e9)};
        if (mosquitto_want_write(client)) watched.events |= POLLOUT;
        ppoll(&watched, 1, &wait, NULL);
        if (watched.revents & POLLIN) check("read", mosquitto_loop_read(client, 1));
        if (watched.revents & POLLOUT) check("write", mosquitto_loop_write(client, 1));
        mosquitto_loop_misc(client);
    }
}

static void publish(const char *topic, int bytes, int qos) {
    check("publish", mosquitto_publish_v5(client, NULL, topic, bytes, payload, qos, false, NULL));
}

static void subscribe(char **filters, int count) {
    int wanted = subscribed + 1;
    check("subscribe", mosquitto_subscribe_multiple(client, NULL, count, filters, job.qos, 0, NULL));
    until(&subscribed, wanted);
}

/* -- the cases --------------------------------------------------------------------------------- */

static void start(void) {
    getrusage(RUSAGE_SELF, &usage_before);
    began = now();
}

static void stop(int delivered, const char *how) {
    struct rusage usage;
    double wall = now() - began;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"delivered\": %d, \"cpu_user\": %.6f, \"cpu_sys\": %.6f, \"wall\": %.6f, \"calibration_us\": null,"
           " \"how\": \"%s\"",
           delivered, seconds(usage_before.ru_utime, usage.ru_utime), seconds(usage_before.ru_stime, usage.ru_stime),
           wall, how);
    if (trips) {
        printf(", \"trips_ms\": [");
        for (int i = 0; i < received; i++) printf("%s%.4f", i ? ", " : "", trips[i] * 1e3);
        printf("]");
    }
    printf("}\n");
}

static void run_publish(void) {
    int at_once = job.awaited ? AT_ONCE : job.messages;
    start();
    for (int first = 0; first < job.messages; first += at_once) {
        int last = first + at_once < job.messages ? first + at_once : job.messages;
        for (int i = first; i < last; i++) publish(job.topic, job.payload_bytes, job.qos);
        until(&published, last);
    }
    if (job.qos == 0) {
        publish(job.topic, job.payload_bytes, 1);
        until(&published, job.messages + 1);
        published--;
    }
    stop(published, job.awaited ? "on_publish of each message, after every 100" : "on_publish of each message");
}

static void subscribe_to_many(void) {
    static char names[FILTERS_AT_ONCE][16];
    char *filters[FILTERS_AT_ONCE];
    int filled = 0;
    for (int i = 0; i < job.filters; i++) {
        snprintf(names[filled], sizeof names[filled], "many/%05d", i);
        filters[filled] = names[filled];
        if (++filled == FILTERS_AT_ONCE || i + 1 == job.filters) {
            subscribe(filters, filled);
            filled = 0;
        }
    }
}

static void run_receive(void) {
    char *order[] = {(char *)job.topic};
    if (job.filters > 1) subscribe_to_many();
    if (job.fed) subscribe(order, 1);
    start();
    if (job.fed)
        publish("bench/go", 0, 1);
    else
        subscribe(order, 1);
    until(&received, job.messages + !job.fed);
    stop(received - !job.fed, "on_message, acknowledged after it; no matching of topics");
}

static void run_trip(void) {
    char *topic[] = {"bench/trip"};
    double period = 1.0 / job.per_s;
    sent_at = calloc(job.messages, sizeof *sent_at);
    trips = calloc(job.messages, sizeof *trips);
    subscribe(topic, 1);
    start();
    for (int i = 0; i < job.messages; i++) {
        until_time(began + i * period);
        snprintf(payload, 16, "%08d", i);
        payload[8] = 'x';
        sent_at[i] = now();
        publish(topic[0], job.payload_bytes, 1);
    }
    until(&received, job.messages);
    stop(received, "on_message; the loop polls its socket");
}

static void tell_memory(long before, const char *how) {
    printf("{\"delivered\": %d, \"bytes\": %ld, \"calibration_us\": null, \"how\": \"%s\"}\n", job.messages,
           resident() - before, how);
}

static void run_idle(void) {
    until_time(now() + PAUSE_S);
    tell_memory(0, "connected, nothing to do");
}

static void run_queued(void) {
    until_time(now() + PAUSE_S);
    long before = resident();
    for (int i = 0; i < job.messages; i++) publish(job.topic, job.payload_bytes, 1);
    until_time(now() + PAUSE_S);
    tell_memory(before, "in its list of outgoing messages");
}

/* ---------------------------------------------------------------------------------------------- */

static void read_job(int count, char **given) {
    if (count < 11) die("too few arguments", MOSQ_ERR_INVAL);
    job.kind = given[1];
    job.qos = atoi(given[2]);
    job.awaited = atoi(given[3]);
    job.port = atoi(given[4]);
    job.messages = atoi(given[5]);
    job.payload_bytes = atoi(given[6]);
    job.topic = given[7];
    job.filters = atoi(given[8]);
    job.fed = atoi(given[9]);
    job.per_s = atoi(given[10]);
    job.ca_file = count > 11 ? given[11] : NULL;
    payload = malloc(job.payload_bytes + 16);
    memset(payload, 'x', job.payload_bytes + 16);
}

static void dial(void) {
    mosquitto_lib_init();
    client = mosquitto_new("bench", true, NULL);
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, 1000);
    mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, 1000);
    mosquitto_connect_v5_callback_set(client, on_connect);
    mosquitto_publish_v5_callback_set(client, on_publish);
    mosquitto_subscribe_v5_callback_set(client, on_subscribe);
    mosquitto_message_v5_callback_set(client, on_message);
    if (job.ca_file) check("tls", mosquitto_tls_set(client, job.ca_file, NULL, NULL, NULL, NULL));
    check("connect", mosquitto_connect(client, "127.0.0.1", job.port, 60));
    while (!connected) turn();
}

int main(int count, char **given) {
    read_job(count, given);
    dial();
    if (!strcmp(job.kind, "publish") || !strcmp(job.kind, "durable")) run_publish();
    else if (!strcmp(job.kind, "receive")) run_receive();
    else if (!strcmp(job.kind, "trip")) run_trip();
    else if (!strcmp(job.kind, "idle")) run_idle();
    else run_queued();
    mosquitto_disconnect(client);
    return 0;
}
