/* What the reflector's benchmarks need of C: a peer to be held against, and senders that are no burden.

   udp echo PORT asking|bare     send everything back with recvmmsg and sendmmsg, 64 at a time. `asking` asks the kernel for
                                 what a reflector must know (stamp, own address, TTL, TOS), and lets the reply leave from the
                                 address that was asked, marked as the request was; `bare` does nothing of it.
                                 SIGUSR1 begins to count; SIGTERM ends it and prints packets and CPU seconds.
   udp flood PORT SECONDS SENDERS SESSIONS
                                 open SESSIONS sessions of each of SENDERS sockets slowly, print "warm", and send as fast as
                                 can be; the replies are left unread.
   udp pace PORT PACKETS         50 packets/s, each reply awaited; prints how many came.
   udp stream PORT RATE SECONDS SESSIONS LIFE
                                 RATE packets/s of SESSIONS sessions in turn, each with a socket of its own and followed by a new one
                                 after LIFE packets; prints seconds, requests, replies and sessions so far every ten seconds.

   The packets are those of nra's voice stream: STAMP, Class of Service, Direct Measurement, Extra Padding, 172 octets. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, BUFFER = 2048, SIZE = 172, CONTROL = 112, ROOM = 4 << 20 };

static char frames[BATCH][BUFFER];
static struct sockaddr_in names[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];
static char told[BATCH][CONTROL] __attribute__((aligned(8)));
static char asked[BATCH][56] __attribute__((aligned(8)));
static volatile sig_atomic_t over, mark;

static void end(int number) { (void)number; over = 1; }
static void begin(int number) { (void)number; mark = 1; }

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static int opened(int port, int to_be_asked) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int sock = socket(AF_INET, SOCK_DGRAM, 0), room = ROOM;
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if ((to_be_asked ? bind : connect)(sock, (struct sockaddr *)&address, sizeof address)) {
        perror("udp");
        exit(1);
    }
    return sock;
}

static void ask(int sock) {
    int options[][2] = {{SOL_SOCKET, SO_TIMESTAMPNS}, {IPPROTO_IP, IP_PKTINFO}, {IPPROTO_IP, IP_RECVTTL}, {IPPROTO_IP, IP_RECVTOS}}, on = 1;
    for (int i = 0; i < 4; i++) setsockopt(sock, options[i][0], options[i][1], &on, sizeof on);
    for (int i = 0; i < BATCH; i++) {
        struct cmsghdr *from = (struct cmsghdr *)asked[i], *marked = (struct cmsghdr *)(asked[i] + 32);
        *from = (struct cmsghdr){.cmsg_len = 28, .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
        *marked = (struct cmsghdr){.cmsg_len = 20, .cmsg_level = IPPROTO_IP, .cmsg_type = IP_TOS};
    }
}

static int echo(int port, int is_asking) {
    int sock = opened(port, 1);
    struct timeval glance = {.tv_usec = 200000};
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &glance, sizeof glance);
    if (is_asking) ask(sock);
    signal(SIGTERM, end);
    signal(SIGUSR1, begin);
    puts("listening");
    fflush(stdout);
    long packets = 0;
    double before_s = 0;
    while (!over) {
        if (mark) { mark = 0; packets = 0; before_s = cpu_s(); }
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){frames[i], BUFFER};
            messages[i].msg_hdr = (struct msghdr){&names[i], sizeof names[i], &parts[i], 1, is_asking ? told[i] : 0, is_asking ? CONTROL : 0, 0};
        }
        int count = recvmmsg(sock, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < count; i++) {
            parts[i].iov_len = messages[i].msg_len;
            if (!is_asking) continue;
            memcpy(asked[i] + 20, told[i] + 56, 4); /* own address */
            *(int *)(asked[i] + 48) = (unsigned char)told[i][104]; /* TOS */
            messages[i].msg_hdr.msg_control = asked[i];
            messages[i].msg_hdr.msg_controllen = sizeof asked[i];
        }
        for (int done = 0; done < count;) {
            int sent = sendmmsg(sock, messages + done, count - done, 0);
            done += sent > 0 ? sent : 1;
        }
        packets += count > 0 ? count : 0;
    }
    printf("%ld %f\n", packets, cpu_s() - before_s);
    return 0;
}

static void write_packet(char *frame, unsigned number, unsigned short session) {
    static const unsigned char tlvs[] = {0x80, 4, 0, 4, 46 << 2, 0, 0, 0, 0x80, 5, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 100};
    memset(frame, 0, 44);
    *(unsigned *)frame = htonl(number);
    frame[12] = 0x0f, frame[13] = (char)0x84;
    *(unsigned short *)(frame + 14) = htons(session);
    memcpy(frame + 44, tlvs, sizeof tlvs);
}

static int flood(int port, double seconds, int senders, int sessions) {
    int *socks = malloc(senders * sizeof *socks);
    unsigned *numbers = calloc(senders * sessions, sizeof *numbers);
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){frames[i], SIZE};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    for (int sender = 0; sender < senders; sender++) {
        socks[sender] = opened(port, 0);
        for (int session = sender * sessions; session < (sender + 1) * sessions; session++) {
            write_packet(frames[0], numbers[session]++, session + 1);
            send(socks[sender], frames[0], SIZE, 0);
            usleep(500);
        }
    }
    usleep(300000);
    puts("warm");
    fflush(stdout);
    double until_s = now_s() + seconds;
    for (int turn = 0; now_s() < until_s; turn++) {
        int sender = turn % senders;
        for (int i = 0; i < BATCH; i++) {
            int session = sender * sessions + i % sessions;
            write_packet(frames[i], numbers[session]++, session + 1);
        }
        sendmmsg(socks[sender], messages, BATCH, 0);
    }
    return 0;
}

static int pace(int port, int packets) {
    int sock = opened(port, 0), replies = 0;
    char reply[BUFFER];
    struct timeval patience = {.tv_usec = 200000};
    struct timespec due;
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (int number = 0; number < packets; number++) {
        write_packet(frames[0], number, 1);
        send(sock, frames[0], SIZE, 0);
        replies += recv(sock, reply, BUFFER, 0) == SIZE;
        due.tv_nsec += 20000000;
        if (due.tv_nsec >= 1000000000) due.tv_nsec -= 1000000000, due.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    printf("%d\n", replies);
    return 0;
}

static int stream(int port, int rate, int seconds, int sessions, unsigned life) {
    int *socks = malloc(sessions * sizeof *socks);
    unsigned *numbers = malloc(sessions * sizeof *numbers);
    unsigned short *ids = malloc(sessions * sizeof *ids);
    long requests = 0, replies = 0, begun = 0, said = 10, skipped = 0;
    char reply[BUFFER];
    for (int i = 0; i < sessions; i++) { /* so that they end one by one */
        socks[i] = opened(port, 0), ids[i] = (unsigned short)++begun, numbers[i] = life * (unsigned long)i / sessions;
    }
    double start_s = now_s();
    while (said <= seconds) {
        long due = (long)((now_s() - start_s) * rate) - skipped, late = due - requests - rate / 20;
        if (late > 0) skipped += late, due -= late; /* who was held up does not send it all at once */
        for (; requests < due; requests++) {
            int i = requests % sessions;
            while (recv(socks[i], reply, BUFFER, MSG_DONTWAIT) > 0) replies++;
            if (numbers[i] >= life) {
                close(socks[i]);
                socks[i] = opened(port, 0), ids[i] = (unsigned short)++begun, numbers[i] = 0;
            }
            write_packet(frames[0], numbers[i]++, ids[i]);
            send(socks[i], frames[0], SIZE, 0);
        }
        if (now_s() - start_s >= said) {
            printf("%ld %ld %ld %ld\n", said, requests, replies, begun);
            fflush(stdout);
            said += 10;
        }
        usleep(1000);
    }
    return 0;
}

int main(int count, char **words) {
    if (count == 4 && !strcmp(words[1], "echo")) return echo(atoi(words[2]), !strcmp(words[3], "asking"));
    if (count == 6 && !strcmp(words[1], "flood")) return flood(atoi(words[2]), atof(words[3]), atoi(words[4]), atoi(words[5]));
    if (count == 4 && !strcmp(words[1], "pace")) return pace(atoi(words[2]), atoi(words[3]));
    if (count == 7 && !strcmp(words[1], "stream")) return stream(atoi(words[2]), atoi(words[3]), atoi(words[4]), atoi(words[5]), atoi(words[6]));
    fputs("udp echo PORT asking|bare, udp flood PORT SECONDS SENDERS SESSIONS, udp pace PORT PACKETS,\n"
          "udp stream PORT RATE SECONDS SESSIONS LIFE\n", stderr);
    return 2;
}
