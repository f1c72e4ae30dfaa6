/* What an application does that judges chains: a store, and a verdict. */
#include <flightplan/x509.h>

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    fpl_self_signed made;
    fpl_certificate_view chain;
    fpl_trust_store *store = fpl_trust_store_new();
    fpl_verify_options options = {sizeof options, FPL_ROLE_SERVER, NULL, 1700000000};
    fpl_verify_verdict verdict = {sizeof verdict, false, 0, NULL};

    if (store == NULL || fpl_make_self_signed(&made, FPL_NAMED_GROUP_SECP256R1, "judge", 1700000000) != FPL_OK) {
        return 1;
    }
    chain.der = made.certificate;
    chain.len = made.certificate_len;
    if (fpl_verify_chain(store, &chain, 1, &options, &verdict) != FPL_FAILED || verdict.reason == NULL) {
        fprintf(stderr, "trusted by an empty store\n");
        return 1;
    }
    printf("first refused (%s), ", verdict.reason);
    if (fpl_trust_store_add(store, made.certificate, made.certificate_len, NULL) != FPL_OK ||
        fpl_verify_chain(store, &chain, 1, &options, &verdict) != FPL_OK) {
        fprintf(stderr, "refused by its own store: %s\n", verdict.reason);
        return 1;
    }
    printf("then trusted\n");
    fpl_trust_store_free(store);
    return 0;
}
