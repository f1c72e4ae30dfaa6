/* An exchange of X25519MLKEM768. The ML-KEM half was computed with another implementation, Go's crypto/mlkem:
 * the key of the seed 00 01 .. 3f, encapsulated to with the message a0 a1 .. bf. The X25519 half is RFC 7748
 * section 6.1. */
#ifndef FPL_TESTS_UNIT_KX_SAMPLES_H
#define FPL_TESTS_UNIT_KX_SAMPLES_H

#define KX_SEED                                                                                              \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"                                       \
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
/* SHA-256 of the encapsulation key. */
#define KX_KEY_HASH "0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9"
#define KX_CIPHERTEXT_SECRET "d4ab9572cd7c68df84854e27a7ddbfc54f89c74cd96d93fa1db660275420153b"
/* What the ciphertext opens to when the first bit of its first byte is changed. */
#define KX_REJECTED_SECRET "7146a38f2b0631a5ddc8b1730d8f8600a968637d36e98ada7fadda07639afee4"
#define KX_CIPHERTEXT                                                                                        \
    "de8df69f8b171cf4f73b67350bd6aa88161a924c52e502119f637c1e2d6186addfcb326f135e60995450a4583ba4ed8f"       \
    "d88d936bca4794610d9e1a4777fa8686f7a8185e99394ad3d804f9200b09c899405b6ed2c913ead319b8a0125bbc28c7"       \
    "f6a2332fba6287197a2a594d76f95e0575b6f2800c0ae71e55954318994896f3e65f03bfda5e05616d2785c0bc51dca5"       \
    "a5107ee2e6bd534fc9cd61825bbab03aa7364270fe2f2d76502977d86505d038d69c04a31e0427fce1f35c0d3ea7029e"       \
    "64043d4d9c285d0c17a7de9b7811c9fcb7ae5c60096c837a530d156e653fe85cd52b976406e0a47876b7bc1d168b5cc6"       \
    "a78b8125d2a3f1870ae29f6e1c7aa1e3b87fc4147b5feb5c09bb52098db3cf62c5a2131dbab63a5593df6d7fc06f628e"       \
    "edc6fba9d47abaad74f0a44d18fd2f677566eee2792fa4e864cbef906985a72ffbdc0fb52cd57d37c5fb7ae822472264"       \
    "ad9022d1c4ab60e45f6781d126211069bb4211314f4a0f96ca5fd4b5f410730c81abd1e94ddd5f0ae35b7a186dcb9d7e"       \
    "f54d7919b1e020067fc090d26b84f771c702787684e2840c3b987f44084477466368528f81cb4fae33d859b7eacf4cb5"       \
    "35bac262ff6997a43ca9f65ce8d113ebbbd07fb351622341249591fed826e3e2b24759d73c4a5519a668710e3884f333"       \
    "a0f61819e5e3421f1b16933155cc8c97126c00587884a4127eaf96cfeca419d7ac349adfb2ecbea3acb9891173053353"       \
    "dca653ef5d1c6c4fbaaf59465994320955fe6b86595fb403d002b411f8d0ec716f1a8e304b2b0dd3957aaafdc677b68a"       \
    "f63b62a81aa87e68c19d50ecfff54fd645e664a28575187b010622b5dd2df19683ab7b46c90db15eaf6be38135bc17c0"       \
    "8f6cc4a4dfddd1cc8b06b01099e44995caea4f2581655a550801665067fd46fa0f54055b5818a19cc9137cb3cc46297a"       \
    "30e0df511180430ae934c23caa1bd71b0e7339a17b88884ec3e03d4eded1c63246d0c754961ff2eaa5deecbeff8cf871"       \
    "fb496e355ad0b240a7b97e3e04996f0fb7dc4b45bf1789190530b4845b212ab20117cd2c5c141990d4212c07778c09b3"       \
    "c336ed05adb2f32f48cfdfb6a3181a917c2d278f4da58ba9465d4ae24e91faf37ca85409a502f997e0f14833967c78b6"       \
    "eb9412a4f9ae8a04b9453aad899f4e783ee5f06e7b22cf40e998ddabf49739678393e3d1138b9c30ff3d61bcb118ff16"       \
    "fc291219f3b011750e3dad8fe651b90d02b857bb46382e86b3d3239fbb1a9214b975807d688867e9011dc016640f6318"       \
    "4cc39a5ac18728c429323121b57d18132f5cafd25bb4976ddaec033357d35a88d613f4653b2621db5aabfe70121dac23"       \
    "2d980dc38acb93e7abb5d4fae0cd054a6229efa11700bd9f5750874cdec31e35bcc665dc0ef15eb893435a512165feb0"       \
    "8b6b45d187406165532d3ca2dac022015c994eee652fe348469e0e3929e79ffca8c280de63e51a1e7f380f4bfa513608"       \
    "a1e2ec0084570bc8df620d8c5d665a355632d8f79b7b1e951ed2755626ac1151"

#endif /* FPL_TESTS_UNIT_KX_SAMPLES_H */
