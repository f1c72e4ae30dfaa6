#ifndef FPL_TESTS_UNIT_SCHEDULE13_SAMPLES_H
#define FPL_TESTS_UNIT_SCHEDULE13_SAMPLES_H

/* Whole key schedules of DTLS 1.3, for every suite of ours, with and without a PSK. Computed from the
 * text of RFC 8446 section 7 and RFC 9147 section 5.9 with Python's hmac and hashlib: nothing of ours or
 * of libcrypto took part. `key` to `verify_data` are those of `client_hs`, `updated` is that of
 * `client_ap`; the ticket has the nonce 000102; exported are EXTRACTOR-dtls_srtp without a context and
 * EXPERIMENTAL in "context". */

#include "fpl_registries.h"

typedef struct schedule13_sample {
    fpl_hash hash;
    fpl_aead aead;
    const char *psk;
    const char *shared;
    const char *to_server_hello;
    const char *to_server_finished;
    const char *to_client_finished;
    const char *early;
    const char *salt;
    const char *ext_binder;
    const char *res_binder;
    const char *client_hs;
    const char *server_hs;
    const char *master;
    const char *client_ap;
    const char *server_ap;
    const char *exporter;
    const char *resumption;
    const char *ticket;
    const char *key;
    const char *iv;
    const char *sn;
    const char *finished;
    const char *verify_data;
    const char *updated;
    const char *updated_twice;
    const char *exported;
    const char *exported_in_context;
} schedule13_sample;

static const schedule13_sample kSchedules[] = {
    {
        /* TLS_AES_128_GCM_SHA256 */
        .hash = FPL_HASH_SHA256,
        .aead = FPL_AEAD_AES_128_GCM,
        .psk = "",
        .shared = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        .to_server_hello = "67dd95f66d484f884ca370f18dc5ddea7c70e75941e06fbe3ffd237f54ce96a4",
        .to_server_finished = "211c8f2278907acc0ebd6c88eb85b34e91d5bf196c1c3109e46f7cdbac3ef4c2",
        .to_client_finished = "037f989da25f6e70cae5cf06757768fde76c90d759ce78597852ffa50e990ee6",
        .early = "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a",
        .salt = "b17bce9451ee8bc6e8aebc0aa9e98295677a4a6a91f78440833146e465f2ff95",
        .ext_binder = "5e624b464e888904c508461f73302e99b134bbee866c9309e68775825f0325e0",
        .res_binder = "0ab51331f052d56878c2b7709877b1db9060734d926a1be05eb9812279c1add3",
        .client_hs = "b6ed2c3e51da88833e9f608cd2adbe13f5dc1a65a52ee61bf39dbf79002560d1",
        .server_hs = "f34d889b2cc5820cc318d9fbce7b484147549db01ec65b912c0387ce1bf8c98d",
        .master = "b8137ad4dc17cee6de083ed511585192e06503c49e65e4527aaaaf6a3066b43d",
        .client_ap = "afd1582c5a301d48de2ed75e7293b89aab201b1b51a27756a9ae1d3518138f94",
        .server_ap = "af6d553e2cf9b1b5a206d60c29f965ebce1849a214f0dfd2346f8d450bbe2f73",
        .exporter = "12c2ac860a7282a31213a556b316220b57729578913629c3f8402902a5ad616a",
        .resumption = "235cb76bf2b7d8d74d65a581f71430634ec2c98dae3f5926301c122c72fed3e9",
        .ticket = "df661714f515c2383167073799c7ab7416dad4799ee46ed6d51d794698a70024",
        .key = "14aefde488e53f63dd55bb2672620c4b",
        .iv = "f4a623d83f2a3118cc5cc3b0",
        .sn = "ebe321c541e163c4809b4270b3a4011c",
        .finished = "00864019a9df767524ea986ac1f938fd6378a50161b4ed341c0015ffa82cdca8",
        .verify_data = "b7326a27a547acb095c6033703effd8c3d8636b5c82dcabd5ad6f68a2843aa18",
        .updated = "673268068c77e829021a439b5c1fc7909b8edbce255784b1fe712c8e3c7881d0",
        .updated_twice = "bd5e0d462582470c66528f33a8b9f79a1cef3a80574ae5564b3e12624af6693b",
        .exported =
            "31ccbb72d415f034bca34eda0e90b0025f9120be6afd4103576dfc4df2b4373091e07a57"
            "d5a3cb418f5c9a046f569414f50ba755a8af5c91086e164d",
        .exported_in_context =
            "fe1560f9071544152ee119fe28c0061b934b5e687e7643a3757b5c5dcc8c170916e8911e"
            "8ac1ab0a98e4beb4775462a5e672242f6b0d95f3e68a92ed80edde4235928f485f56e386"
            "1215ee68aa0cab323cc07ec722fd11d0f97587dea83c26856d74c28d",
    },
    {
        /* TLS_AES_256_GCM_SHA384 */
        .hash = FPL_HASH_SHA384,
        .aead = FPL_AEAD_AES_256_GCM,
        .psk = "",
        .shared = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        .to_server_hello =
            "38676b6af598deaa48c50a2cb74f5ff0ba1502dc16ee4cb42936b4c77e659e2e677af28f"
            "a57adac8a122286201f72038",
        .to_server_finished =
            "f6c2ed44da8851a143f8b8f1f0c944bda179738435f4f739380c23294b9ba591457af163"
            "24cddf7329932f4b28d33599",
        .to_client_finished =
            "020a1c17da32fcf751dff5cf8fa14b7fc8187c1ac5f3f2c1b201390733296418d6a51ecd"
            "3c6c13ee74ea4d8797c6ed13",
        .early =
            "7ee8206f5570023e6dc7519eb1073bc4e791ad37b5c382aa10ba18e2357e716971f9362f"
            "2c2fe2a76bfd78dfec4ea9b5",
        .salt =
            "27008605d3396f8844197565caecc592b3e58f2eae55f841b577cfbcabb47e221f674ed3"
            "a68aa893439cf557f111c0fc",
        .ext_binder =
            "5117f91f83a2a131d7c712dbb1fbb467378d197ad4dd834f212c55450aee6bf9ac1ea4c0"
            "32d900c6186e7f412b95c822",
        .res_binder =
            "d02e36de74be2e2415d3651b9b69d52e91ab9222efa7be2a641b5b1469681da9f8877725"
            "2fc5f5bde1aeac65f052202b",
        .client_hs =
            "15b3ab5cb202178b24782613bf7eb1fb0ba809da21cbce4df17b8fb56ab295ced6302b09"
            "bb1c73163b22c4d21b5e876c",
        .server_hs =
            "22a9209abda4d06348c7b614058bbf8dabf9714b027cf5f7d46e15e3beaf12bcf25882c4"
            "89287875f877c22798847086",
        .master =
            "f9a12e8361dea915bb83a1cdadb53a87db1244c532b89d22512292a45936bfee7386e566"
            "5d0ae41d1bc0bddba38421a1",
        .client_ap =
            "714fabafe6c09c12fe196f810f29c47a34252571a62879c557790cca494ea1d5c939cdeb"
            "862b507be19a02311367136b",
        .server_ap =
            "f2d713be49a347983c39b6094918eb083a230b8fd8ebaafdab95641b779da8371c79bd44"
            "22cb08392055e00a0f8c0d4d",
        .exporter =
            "4fa638f885035a502448a5d345ab7063dad83a30ebe9f3604199a211eb066cbfcae2345d"
            "2b6f6b4059a844cda58f49d7",
        .resumption =
            "bd1b329a4df11b8aae62c0db67b28cd944f4745af65952a8f0b54dd65625d165bc3089b1"
            "07f005c50bb3ce11a3298f3f",
        .ticket =
            "348dce2dec57ab686c6466635ddcad9837370a72ed87d2d0bf7f5b653df11887f97573e1"
            "dc39afd12606f10e5ac92701",
        .key = "20d718e2feeef7780d17f5e7ed2c13d03d02224c4916047a279594832d8d61e2",
        .iv = "2ecb9479c1a74b5d28d66a5c",
        .sn = "1258d62eaee2717c50c9df639fc73ac23c13b214f5b1022c22ee809090125f1c",
        .finished =
            "a6ab7e7bc06d5244d9599485d6b4389addaf1980673b8d1ae77c044a1e2a4570369b3988"
            "1591bf178430053ef6d7368c",
        .verify_data =
            "09472055a0293cdf567910d438d3ef50ef1247378389bf7903d828401dd2feb7b2047fe5"
            "9c06ac80729f41feaa5bd419",
        .updated =
            "979ddbf779c0e5e4cabc67cfe67eba19c3db7608af070a65d4bba1807a8aafa4e8a3a0ba"
            "a24f330644d571cf126cd8a9",
        .updated_twice =
            "5580d1d85607d4ba7db5e57674b1df6f7c4b5531616c26cbf7a66bb71ed85cfeddfa3419"
            "64947747dae7b54688c17d4e",
        .exported =
            "abb9a387377474226c72cff665ffb9d1d35d8f3e456d983015cb71e225ec9640a555af92"
            "b213deada5e07cb54809ed13d8171d9e03f5f729d2a2f8ea",
        .exported_in_context =
            "1dfed0cc4eb9b20530fa91c92bc076cef09ab113c62b00651b367e29070c3dde65b5d37f"
            "a108e6cc1ebfb68bd1fb03f310d32d8a5ea6a76af5f5a73217403a4be219a8f3d13cd382"
            "58ee2daf0c4bd0b65f707efa9b0b09120fd8ffe0ea15c00220d9c597",
    },
    {
        /* TLS_CHACHA20_POLY1305_SHA256 */
        .hash = FPL_HASH_SHA256,
        .aead = FPL_AEAD_CHACHA20_POLY1305,
        .psk = "",
        .shared = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        .to_server_hello = "67dd95f66d484f884ca370f18dc5ddea7c70e75941e06fbe3ffd237f54ce96a4",
        .to_server_finished = "211c8f2278907acc0ebd6c88eb85b34e91d5bf196c1c3109e46f7cdbac3ef4c2",
        .to_client_finished = "037f989da25f6e70cae5cf06757768fde76c90d759ce78597852ffa50e990ee6",
        .early = "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a",
        .salt = "b17bce9451ee8bc6e8aebc0aa9e98295677a4a6a91f78440833146e465f2ff95",
        .ext_binder = "5e624b464e888904c508461f73302e99b134bbee866c9309e68775825f0325e0",
        .res_binder = "0ab51331f052d56878c2b7709877b1db9060734d926a1be05eb9812279c1add3",
        .client_hs = "b6ed2c3e51da88833e9f608cd2adbe13f5dc1a65a52ee61bf39dbf79002560d1",
        .server_hs = "f34d889b2cc5820cc318d9fbce7b484147549db01ec65b912c0387ce1bf8c98d",
        .master = "b8137ad4dc17cee6de083ed511585192e06503c49e65e4527aaaaf6a3066b43d",
        .client_ap = "afd1582c5a301d48de2ed75e7293b89aab201b1b51a27756a9ae1d3518138f94",
        .server_ap = "af6d553e2cf9b1b5a206d60c29f965ebce1849a214f0dfd2346f8d450bbe2f73",
        .exporter = "12c2ac860a7282a31213a556b316220b57729578913629c3f8402902a5ad616a",
        .resumption = "235cb76bf2b7d8d74d65a581f71430634ec2c98dae3f5926301c122c72fed3e9",
        .ticket = "df661714f515c2383167073799c7ab7416dad4799ee46ed6d51d794698a70024",
        .key = "458de13327295027562e51306e3360a705f1bef5dac9a45fb946443a15091e1f",
        .iv = "f4a623d83f2a3118cc5cc3b0",
        .sn = "2356ebdf5a82be9d0381ac59722242ca7b918bab80838b90e9aa70969df6f8fb",
        .finished = "00864019a9df767524ea986ac1f938fd6378a50161b4ed341c0015ffa82cdca8",
        .verify_data = "b7326a27a547acb095c6033703effd8c3d8636b5c82dcabd5ad6f68a2843aa18",
        .updated = "673268068c77e829021a439b5c1fc7909b8edbce255784b1fe712c8e3c7881d0",
        .updated_twice = "bd5e0d462582470c66528f33a8b9f79a1cef3a80574ae5564b3e12624af6693b",
        .exported =
            "31ccbb72d415f034bca34eda0e90b0025f9120be6afd4103576dfc4df2b4373091e07a57"
            "d5a3cb418f5c9a046f569414f50ba755a8af5c91086e164d",
        .exported_in_context =
            "fe1560f9071544152ee119fe28c0061b934b5e687e7643a3757b5c5dcc8c170916e8911e"
            "8ac1ab0a98e4beb4775462a5e672242f6b0d95f3e68a92ed80edde4235928f485f56e386"
            "1215ee68aa0cab323cc07ec722fd11d0f97587dea83c26856d74c28d",
    },
    {
        /* TLS_AES_128_GCM_SHA256 with a PSK */
        .hash = FPL_HASH_SHA256,
        .aead = FPL_AEAD_AES_128_GCM,
        .psk = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
        .shared = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        .to_server_hello = "67dd95f66d484f884ca370f18dc5ddea7c70e75941e06fbe3ffd237f54ce96a4",
        .to_server_finished = "211c8f2278907acc0ebd6c88eb85b34e91d5bf196c1c3109e46f7cdbac3ef4c2",
        .to_client_finished = "037f989da25f6e70cae5cf06757768fde76c90d759ce78597852ffa50e990ee6",
        .early = "23499e7edf0fbe6baa137df0f23becaefa722ad19fc262855409de8cd8b3c897",
        .salt = "3b6083ea0806f0b51fa9763515ba5813f451414e3d247633ebd5062885241ab7",
        .ext_binder = "578014b758e016dd1797956f8c5e7318e575c46b966c5b5c10ce2dd4f595883c",
        .res_binder = "312ad2fe0e5aef1dd3168a0d3d1efaaf697e838b1e9730ec348e3a65960aadf9",
        .client_hs = "efbd95f92e34947163c88c144c80e77a68cac44c8e98f7c0a960952e614a1a5b",
        .server_hs = "dc13bfa741fe8157dea920ab6ea62e5e2693e4519743d46026b0de731f4b3cad",
        .master = "23daa003fa03082e56cbe4d7ae4b2dd212387ce989bd8a7c06595099d88e6c4f",
        .client_ap = "5686968fe2824ddaa73340bfee3940b81b48efd228b45c5e4c8f66e4e88bc306",
        .server_ap = "e59b9809007607582664f7ec9caf854fc45ec96206bb3dc64a583898c113c26a",
        .exporter = "37b1c24a2175c24c29ffcf977b4824427bca2f33f68f861dabe093d80f38969a",
        .resumption = "9395a5162c5bccb7ed217d6a6916ec44ccca7ac4779767c54adf14c67a35377a",
        .ticket = "c8410bc8e13a413e17d2aa2c0ecb72e31a583ba651af9287ba5dbfa462a0a119",
        .key = "34a53b534bed2daefdf0c83063e06076",
        .iv = "f5ccea8c80575c5ebfb6234b",
        .sn = "817b33baf569c412dc288f4c735f277b",
        .finished = "6ea94e8ff34917b4ba486909db0c6bf62f2d2a515e037563cf1ca3266389fa44",
        .verify_data = "f1dbc25a32ce363e7fa514f9af0172b97c96991b1bb82d2916c2e5d55183328f",
        .updated = "bcdbd7582054f2d8492c2fa1938970be309281fe6fa8b55f3be1dd616495872e",
        .updated_twice = "8312c56b7461111cf89c79e72977e86834e50ffbd448586768af925b319089d2",
        .exported =
            "682e4571b69aaebea209e13e6f185c8c07ab467919301343e4ad3873039ceb834a80ceb3"
            "e9c47a36e69865ba049b404eb6770d30fe9625872a3fd732",
        .exported_in_context =
            "042fc0db340f87ffdc5dbb44ea7c8e4a6d4d7286f25d9d46d14c637d68705cb0a2bcc718"
            "9812453f10da0b5f919c99152e40108a7b1b27f77fc6511e5b4fd5030f03fc7e360467e3"
            "091a3cb4dade81f15f002e6045809fe1a411fb22acb0e64e4ee2f313",
    },
    {
        /* TLS_AES_256_GCM_SHA384 with a PSK */
        .hash = FPL_HASH_SHA384,
        .aead = FPL_AEAD_AES_256_GCM,
        .psk =
            "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324"
            "25262728292a2b2c2d2e2f30",
        .shared = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        .to_server_hello =
            "38676b6af598deaa48c50a2cb74f5ff0ba1502dc16ee4cb42936b4c77e659e2e677af28f"
            "a57adac8a122286201f72038",
        .to_server_finished =
            "f6c2ed44da8851a143f8b8f1f0c944bda179738435f4f739380c23294b9ba591457af163"
            "24cddf7329932f4b28d33599",
        .to_client_finished =
            "020a1c17da32fcf751dff5cf8fa14b7fc8187c1ac5f3f2c1b201390733296418d6a51ecd"
            "3c6c13ee74ea4d8797c6ed13",
        .early =
            "e64174c689bb335160bd24e716e8b2280fd85bf5277d32840aa09af4872a6bfb91d02569"
            "cafaa7f3dddfec54b791287a",
        .salt =
            "a93d549cb7392a1148867945abff2d23fcee3a887811389b49e1baf4980257382865d2c3"
            "2fba1a8f552988c60c606dbd",
        .ext_binder =
            "c68bb49eef3e024f192c810b7f39c551ab495b731b23c523e7438afeec0735fbe96a61eb"
            "09f41e08c6be14da80893e36",
        .res_binder =
            "532c0819ff31a171ea4c6c6e56314a51838e08664c103477f24b91dab2cb6cde9242f41a"
            "91854cc2bbca34333d800799",
        .client_hs =
            "f7807911aa6877710dd9c53e0c0f7b3e64dec7e50f0e4426fec5f0881fb096dd1eca94f8"
            "8aac35347566d7f843260cfd",
        .server_hs =
            "f1b52b742641fa5d4f0bf11c794c05ddff58774fe7ef624915b4bc12c8d8687e4e2dade0"
            "89c19d29956fef307d5a12f5",
        .master =
            "a722379dde71459d1077e406d7c669f64bf39c9b3051852e87982f61e06c06f0dcb1125b"
            "4e999cc4787968bcf4b6168d",
        .client_ap =
            "413effe273c297296ebe8dacce8ecc5b89f391765bb0c204e2aa7935d0c7016d84127beb"
            "7fcf95d1289e73f89330cd55",
        .server_ap =
            "99d39499064005864ccdba494a9efcd885fb8f66b24860417aa1828ad74553fb4f077e8c"
            "8c9c60803cb55c636f41d584",
        .exporter =
            "72399ec7b0aa3e701144bb06b835aa09d2f3b9b7e3440a0dba2ac06317852fd264038ea8"
            "a95188e2ca546dd1e61b67d3",
        .resumption =
            "b1a1f9dde1563f9400880b6279bb89bebb483ad090d5262cf519367cabb1dc755b3a742d"
            "fd02c89ef42026844cd2819a",
        .ticket =
            "809b93ecb069fccb4f086aad17dccbcb8d66352bd0839629688c74ba5a7cd59bbf6004b3"
            "bf3b6ef67ccf7854b3810e15",
        .key = "89d9769c6eec34d598a513c2dca9604be24c11a9d8a6680567c84544af47f531",
        .iv = "da20fac5d7f0b228cd55b749",
        .sn = "64a867bd23b856ef6f7dec2b2e629717a38e1027ff858b6d02364277c4d83e81",
        .finished =
            "03e88c14b0bc25ca09c0799b1af901335922d803c9cc34a18823456e8fb49fe285eb9bf5"
            "48cfb188ae903f2935843334",
        .verify_data =
            "d7166bf51669e6dd3b452b001582ba25c2eb636a37a9aff0c3121e9f1ff810a763c3997a"
            "eda6d3ceb1c4d13aa388e5bd",
        .updated =
            "b322ba8add2c4a9c8e75c5cb4a13ce9d059e18ddae341bfa43c1d8371e4256d3f948ef67"
            "de6ac27478df15f11fe93694",
        .updated_twice =
            "9ebccc99123a083020a4ad0037a79bd6f86dcb38b77c1262597bb824c2a80636997018af"
            "7600ece04801105dc8a0ad48",
        .exported =
            "247e07722099b5075e099d81cf6289bd240115968c200b0114b54db611b365ec02d85a4e"
            "580ffa7d3b519c3556f3aa576dd6f671cb92d29a4157a444",
        .exported_in_context =
            "6d08c139ade23bd3ba4184fdd6d4401bceca8d7f0b1f6b5708f7d422d9b40df354a4208b"
            "e7516d9c9d81bc276bec88ec1f3166e4e4b166abbfe48d5e74dc34795e174864310b6234"
            "716ba5fb357d6f7a219733d1c2ea729413fc5a90fb22d4dca00dc30c",
    },
};

#endif /* FPL_TESTS_UNIT_SCHEDULE13_SAMPLES_H */
