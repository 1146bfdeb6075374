/* Relay: the limit that benchmarks/throughput.py compares with. It copies a result
 * from one TLS connection to another, in parts as S3 takes them, and computes its
 * SHA-256 and its rows on the way, in one thread and one small buffer.
 *
 *     relay CA_FILE SOURCE_PORT SINK_PORT BYTES
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, PART_BYTES = 16 * 1024 * 1024 };

static void fail(const char *what) {
    fprintf(stderr, "relay: %s\n", what);
    exit(1);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static SSL *connect_to(SSL_CTX *context, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    SSL *tls = SSL_new(context);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address)) fail("no connection");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(tls, descriptor);
    SSL_set_tlsext_host_name(tls, "localhost");
    SSL_set1_host(tls, "localhost");
    if (SSL_connect(tls) != 1) fail("no TLS");
    return tls;
}

static void send_all(SSL *tls, const char *data, int size) {
    if (SSL_write(tls, data, size) != size) fail("sending failed");
}

/* Reads a head byte by byte, so that nothing of the body is taken with it. */
static void read_head(SSL *tls) {
    unsigned last = 0;
    for (unsigned char byte; last != 0x0d0a0d0a; last = last << 8 | byte)
        if (SSL_read(tls, &byte, 1) != 1) fail("the head was cut");
}

static long count_lines(const char *data, int size) {
    long lines = 0;
    for (int i = 0; i < size; i++) lines += data[i] == '\n';
    return lines;
}

int main(int count, char **arguments) {
    if (count != 5) fail("CA_FILE SOURCE_PORT SINK_PORT BYTES are needed");
    long long size = atoll(arguments[4]);
    long long left = size, in_part = 0;
    long lines = 0, number = 0;
    char head[200], hex[65];
    unsigned char digest[32];
    static char buffer[READ_BYTES];
    long peak_kib = 0;
    double begin = seconds(CLOCK_MONOTONIC);

    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (!SSL_CTX_load_verify_locations(context, arguments[1], NULL)) fail("no CA file");
    SSL *source = connect_to(context, atoi(arguments[2]));
    SSL *sink = connect_to(context, atoi(arguments[3]));
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);

    send_all(source, head, snprintf(head, sizeof head,
        "GET /result HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    read_head(source);
    while (left) {
        if (!in_part) {
            in_part = left < PART_BYTES ? left : PART_BYTES;
            send_all(sink, head, snprintf(head, sizeof head,
                "PUT /results/key?partNumber=%ld HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Length: %lld\r\n\r\n", ++number, in_part));
        }
        int got = SSL_read(source, buffer, (int)(in_part < READ_BYTES ? in_part : READ_BYTES));
        if (got <= 0) fail("the result was cut");
        EVP_DigestUpdate(hash, buffer, (size_t)got);
        lines += count_lines(buffer, got);
        if (left == got) lines += buffer[got - 1] != '\n';
        send_all(sink, buffer, got);
        left -= got;
        in_part -= got;
        if (!in_part) read_head(sink);
    }
    EVP_DigestFinal_ex(hash, digest, NULL);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(head, sizeof head, status)) sscanf(head, "VmHWM: %ld", &peak_kib);
    printf("{\"bytes\": %lld, \"rows\": %ld, \"sha256\": \"%s\", \"seconds\": %.4f, "
           "\"cpu\": %.4f, \"peak_kib\": %ld}\n",
           size, lines - 1, hex, seconds(CLOCK_MONOTONIC) - begin,
           seconds(CLOCK_PROCESS_CPUTIME_ID), peak_kib);
    return 0;
}
