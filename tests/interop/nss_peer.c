/* NSS as a peer (other.h): what tstclnt cannot, the library can. */
#include "other.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cert.h>
#include <keyhi.h>
#include <nspr.h>
#include <nss.h>
#include <nssb64.h>
#include <pk11pub.h>
#include <private/pprio.h>
#include <secerr.h>
#include <ssl.h>
#include <sslexp.h>
#include <sslproto.h>

const char other_name[] = "nss_peer";

#define MOST_FILE 16384

static struct {
    PRFileDesc *fd;
    CERTCertificate *cert;
    SECKEYPrivateKey *key;
    size_t mtu;
    unsigned too_large; /* datagrams that the path did not take */
    char why[256];
} my;

const char *other_why(void)
{
    PRErrorCode error = PR_GetError();
    const char *name = PR_ErrorToName(error);
    (void)snprintf(my.why, sizeof my.why, "%s (%d)", name == NULL ? "?" : name, (int)error);
    return my.why;
}

static void must(bool worked, const char *what)
{
    if (!worked) {
        fprintf(stderr, "%s\n", other_why());
        other_refuse("NSS does not take", what);
    }
}

/* ---- a path with an MTU ---- */

/* NSS 3.125 has no call that sets an MTU. It finds out, by resending in smaller pieces when nothing comes back: so here
 * is a path that loses what is too large for it. */
static PRInt32 PR_CALLBACK send_if_it_fits(PRFileDesc *fd, const void *bytes, PRInt32 len, PRIntn flags, PRIntervalTime wait)
{
    if ((size_t)len > my.mtu) {
        my.too_large++;
        fprintf(stderr, "lost %d bytes: the MTU is %zu\n", (int)len, my.mtu);
        return len;
    }
    return fd->lower->methods->send(fd->lower, bytes, len, flags, wait);
}

static PRFileDesc *path_of(int fd)
{
    static PRIOMethods methods;
    static PRDescIdentity identity = PR_INVALID_IO_LAYER;
    PRFileDesc *socket = PR_ImportUDPSocket(fd), *layer;
    PRSocketOptionData nonblocking = {.option = PR_SockOpt_Nonblocking, .value = {.non_blocking = PR_TRUE}};
    identity = PR_GetUniqueIdentity("path");
    methods = *PR_GetDefaultIOMethods();
    methods.send = send_if_it_fits;
    layer = PR_CreateIOLayerStub(identity, &methods);
    must(socket != NULL && layer != NULL && PR_SetSocketOption(socket, &nonblocking) == PR_SUCCESS, "the socket");
    must(PR_PushIOLayer(socket, PR_TOP_IO_LAYER, layer) == PR_SUCCESS, "the path");
    return socket;
}

/* ---- credentials ---- */

/* The first block of a PEM file. */
static SECItem *der_of(const char *path)
{
    static char text[MOST_FILE + 1];
    FILE *file = fopen(path, "rb");
    char *begin, *end;
    if (file == NULL) {
        other_refuse("cannot read", path);
    }
    text[fread(text, 1, MOST_FILE, file)] = '\0';
    (void)fclose(file);
    begin = strchr(text, '\n');
    end = begin == NULL ? NULL : strstr(begin, "-----END");
    must(end != NULL, path);
    return NSSBase64_DecodeBuffer(NULL, NULL, begin, (unsigned)(end - begin));
}

static void take_credential(const other_options *o)
{
    PK11SlotInfo *slot = PK11_GetInternalKeySlot();
    SECItem nickname = {siBuffer, (unsigned char *)"own", 3}, *der = der_of(o->cert), *key = der_of(o->key);
    my.cert = CERT_NewTempCertificate(CERT_GetDefaultCertDB(), der, NULL, PR_FALSE, PR_TRUE);
    must(my.cert != NULL, o->cert);
    must(PK11_ImportDERPrivateKeyInfoAndReturnKey(slot, key, &nickname, NULL, PR_FALSE, PR_TRUE, KU_ALL, &my.key, NULL) ==
             SECSuccess,
         o->key);
    SECITEM_FreeItem(der, PR_TRUE);
    SECITEM_FreeItem(key, PR_TRUE);
    PK11_FreeSlot(slot);
}

/* ---- callbacks ---- */

/* Certificates are of the case's own making: run.py compares the fingerprint. */
static SECStatus take_any(void *arg, PRFileDesc *fd, PRBool check_signature, PRBool is_server)
{
    (void)arg;
    (void)fd;
    (void)check_signature;
    (void)is_server;
    return SECSuccess;
}

static SECStatus show_ours(void *arg, PRFileDesc *fd, CERTDistNames *authorities, CERTCertificate **cert,
                           SECKEYPrivateKey **key)
{
    (void)arg;
    (void)fd;
    (void)authorities;
    if (my.key == NULL) {
        return SECFailure;
    }
    *cert = CERT_DupCertificate(my.cert);
    *key = SECKEY_CopyPrivateKey(my.key);
    return SECSuccess;
}

/* A HelloRetryRequest with a cookie for the first ClientHello; NSS checks what comes back. */
static SSLHelloRetryRequestAction PR_CALLBACK ask_cookie(PRBool first, const PRUint8 *token, unsigned token_len,
                                                         PRUint8 *out, unsigned *out_len, unsigned cap, void *arg)
{
    static const PRUint8 mine[] = "interop";
    (void)arg;
    if (first) {
        must(cap >= sizeof mine, "a cookie");
        memcpy(out, mine, sizeof mine);
        *out_len = sizeof mine;
        return ssl_hello_retry_request;
    }
    return token_len == sizeof mine && memcmp(token, mine, sizeof mine) == 0 ? ssl_hello_retry_accept : ssl_hello_retry_fail;
}

static void show_alert(const PRFileDesc *fd, void *what, const SSLAlert *alert)
{
    (void)fd;
    fprintf(stderr, "alert %s: %d, level %d\n", (const char *)what, alert->description, alert->level);
}

/* ---- making ---- */

static bool speaks(const other_options *o, uint16_t version)
{
    return o->versions[0] == version || o->versions[1] == version;
}

static void choose_versions(const other_options *o)
{
    SSLVersionRange range = {SSL_LIBRARY_VERSION_TLS_1_2, SSL_LIBRARY_VERSION_TLS_1_3};
    if (!speaks(o, 0xfefc)) {
        range.max = SSL_LIBRARY_VERSION_TLS_1_2;
    } else if (!speaks(o, 0xfefd)) {
        range.min = SSL_LIBRARY_VERSION_TLS_1_3;
    }
    must(SSL_VersionRangeSet(my.fd, &range) == SECSuccess, "the versions");
}

static void choose(const other_options *o)
{
    SSLNamedGroup groups[OTHER_LISTED];
    unsigned num = 0;
    for (unsigned i = 0; i < SSL_NumImplementedCiphers; i++) {
        uint16_t suite = SSL_ImplementedCiphers[i];
        (void)SSL_CipherPrefSet(my.fd, suite, suite == o->suite || suite == o->other_suite);
    }
    while (num < OTHER_LISTED && o->groups[num] != 0) {
        groups[num] = (SSLNamedGroup)o->groups[num];
        num++;
    }
    must(SSL_NamedGroupConfig(my.fd, groups, num) == SECSuccess, "the groups");
    num = 0;
    while (o->profiles[num] != 0) {
        num++;
    }
    must(num == 0 || SSL_SetSRTPCiphers(my.fd, o->profiles, num) == SECSuccess, "the profiles");
}

static void begin_server(const other_options *o)
{
    static const PRIntn requires[] = {SSL_REQUIRE_NEVER, SSL_REQUIRE_NEVER, SSL_REQUIRE_ALWAYS};
    must(my.key != NULL && SSL_ConfigServerCert(my.fd, my.cert, my.key, NULL, 0) == SECSuccess, "the server's certificate");
    (void)SSL_OptionSet(my.fd, SSL_REQUEST_CERTIFICATE, o->asks != ASKS_OFF);
    (void)SSL_OptionSet(my.fd, SSL_REQUIRE_CERTIFICATE, requires[o->asks]);
    if (o->cookie) {
        must(SSL_HelloRetryRequestCallback(my.fd, ask_cookie, NULL) == SECSuccess, "cookies");
    }
}

void other_begin(const other_options *o)
{
    must(NSS_NoDB_Init(NULL) == SECSuccess && NSS_SetDomesticPolicy() == SECSuccess, "to begin");
    fprintf(stderr, "NSS %s\n", NSSSSL_GetVersion());
    if (o->cert != NULL && o->key != NULL) {
        take_credential(o);
    }
    my.mtu = o->mtu;
    my.fd = DTLS_ImportFD(NULL, path_of(o->fd));
    must(my.fd != NULL, "the socket");
    (void)SSL_OptionSet(my.fd, SSL_NO_CACHE, PR_TRUE);
    (void)SSL_OptionSet(my.fd, SSL_ENABLE_EXTENDED_MASTER_SECRET, PR_TRUE);
    choose_versions(o);
    choose(o);
    (void)SSL_AuthCertificateHook(my.fd, take_any, NULL);
    (void)SSL_GetClientAuthDataHook(my.fd, show_ours, NULL);
    (void)SSL_AlertSentCallback(my.fd, show_alert, (void *)"written");
    (void)SSL_AlertReceivedCallback(my.fd, show_alert, (void *)"read");
    if (o->is_server) {
        begin_server(o);
    } else {
        must(SSL_SetURL(my.fd, o->name == NULL ? "" : o->name) == SECSuccess, "the name");
    }
    must(SSL_ResetHandshake(my.fd, o->is_server) == SECSuccess, "its role");
}

void other_end(void)
{
    (void)fflush(stderr);
}

/* ---- the connection ---- */

static other_result result_of(PRInt32 result)
{
    if (result > 0) {
        return OTHER_DONE;
    }
    if (result == 0) {
        return OTHER_CLOSED;
    }
    switch (PR_GetError()) {
    case PR_WOULD_BLOCK_ERROR:
    case PR_IO_TIMEOUT_ERROR:      /* no timer has run out yet */
    case PR_CONNECT_REFUSED_ERROR: /* nobody was there, or is any more */
        return OTHER_PAUSE;
    default:
        return OTHER_FAILED;
    }
}

other_result other_shake_hands(void)
{
    return result_of(SSL_ForceHandshake(my.fd) == SECSuccess ? 1 : -1);
}

static uint16_t version_of(PRUint16 tls)
{
    switch (tls) {
    case SSL_LIBRARY_VERSION_TLS_1_2:
        return 0xfefd;
    case SSL_LIBRARY_VERSION_TLS_1_3:
        return 0xfefc;
    default:
        return tls;
    }
}

void other_tell(other_facts *facts)
{
    SSLChannelInfo info;
    CERTCertificate *shown = SSL_PeerCertificate(my.fd);
    PRUint16 profile = 0;
    must(SSL_GetChannelInfo(my.fd, &info, sizeof info) == SECSuccess, "questions");
    facts->version = version_of(info.protocolVersion);
    facts->suite = info.cipherSuite;
    facts->group = (uint16_t)info.keaGroup;
    facts->profile = SSL_GetSRTPCipher(my.fd, &profile) == SECSuccess ? profile : 0;
    facts->has_certificate = shown != NULL && PK11_HashBuf(SEC_OID_SHA256, facts->fingerprint, shown->derCert.data,
                                                           (PRInt32)shown->derCert.len) == SECSuccess;
    if (shown != NULL) {
        CERT_DestroyCertificate(shown);
    }
}

other_result other_read(uint8_t data[OTHER_LARGEST], size_t *len)
{
    PRInt32 result = PR_Recv(my.fd, data, OTHER_LARGEST, 0, PR_INTERVAL_NO_WAIT);
    *len = result > 0 ? (size_t)result : 0;
    return result_of(result);
}

bool other_write(const uint8_t *data, size_t len)
{
    return PR_Send(my.fd, data, (PRInt32)len, 0, PR_INTERVAL_NO_WAIT) == (PRInt32)len;
}

void other_close(void)
{
    (void)PR_Shutdown(my.fd, PR_SHUTDOWN_SEND);
}

bool other_export(const char *label, uint8_t *out, size_t len)
{
    return SSL_ExportKeyingMaterial(my.fd, label, (unsigned)strlen(label), PR_FALSE, NULL, 0, out, (unsigned)len) ==
           SECSuccess;
}

bool other_update_keys(bool ask)
{
    return SSL_KeyUpdate(my.fd, ask) == SECSuccess;
}

void other_set_mtu(size_t mtu)
{
    my.mtu = mtu;
}

size_t other_max_payload(void)
{
    /* What a record of DTLS 1.2 adds; one of 1.3 adds less. */
    size_t most = my.mtu - 13 - 8 - 16;
    return most < OTHER_LARGEST ? most : OTHER_LARGEST;
}
