#ifndef FPL_TESTS_UNIT_SAMPLES_H
#define FPL_TESTS_UNIT_SAMPLES_H

/* Bytes that other programs made, in hex. */

/* A DTLS 1.2 handshake of Chromium (client) and Firefox (server), suite
 * TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256; the master secret is from its key log, the key block and
 * the plaintexts were computed from that with Python's hmac and cryptography. */
#define CAPTURE_CLIENT_FINISHED                                                                              \
    "16fefd000100000000000000300001000000000000784c543fa9affa981e5be547e8cfd7"                               \
    "f8abcf3f065e8f9c9dfb4355dce90b13b8f07c1877ea2400b6"
#define CAPTURE_CLIENT_FINISHED_PLAIN "1400000c000400000000000c68d1bddae99bab3a0954c6ba"
#define CAPTURE_SERVER_FINISHED                                                                              \
    "16fefd000100000000000000300001000000000000e6b9fb36e9103b0eeaf19a7591d527"                               \
    "0ea58c23f67b83166e01aa8520295a53b5af7a3376ac409d93"
#define CAPTURE_SERVER_FINISHED_PLAIN "1400000c000500000000000cd7d6649a48d7522fa8b99750"
#define CAPTURE_SERVER_CERT                                                                                  \
    "308201453081eca00302010202047249e92f300a06082a8648ce3d040302302b31293027"                               \
    "060355040313206237336436323230316235626634366132663732346435346536653361"                               \
    "633266301e170d3236313132313232353133395a170d3236313232323232353133395a30"                               \
    "2b3129302706035504031320623733643632323031623562663436613266373234643534"                               \
    "65366533616332663059301306072a8648ce3d020106082a8648ce3d0301070342000444"                               \
    "798ac909af4849d61eb3dd6fcc5d469fd3deb66aeb46fe309aac6d102e5ba19fdc2d2f77"                               \
    "7fedcd45250638624a2d6f004902f759c15e4fdddf89b03d7ff128300a06082a8648ce3d"                               \
    "0403020348003045022100bd5ee661791903ed1e5544a67bfca723bb8f4a5f920f8d59d2"                               \
    "b1d724b15bfcea022012761cf2de412c2487b769ea33bc0028c9ac11fdb9e7f2d418a5d8"                               \
    "adc5c72d87"
#define CAPTURE_CLIENT_CERT                                                                                  \
    "308201163081bda003020102020900b0da4f1a8d2cbc3d300a06082a8648ce3d04030230"                               \
    "11310f300d06035504030c06576562525443301e170d3236313132313232353133395a17"                               \
    "0d3236313232323232353133395a3011310f300d06035504030c06576562525443305930"                               \
    "1306072a8648ce3d020106082a8648ce3d03010703420004236787adbba30e1cb9b96cf7"                               \
    "c9bb98f650aba28f550572b92f5285e5eed06e5dec0d8c14feba40b8933e954a396b17de"                               \
    "4599edb3b83d1f4b0890ce93a2d0f2ae300a06082a8648ce3d0403020348003045022076"                               \
    "13a8347e9a46153bea5d62dc575dd918e43c16cddafe3cd1e8db2d49fe2bde022100d372"                               \
    "353afb62aecc0eb0705cdf2998d460b89de1472f126a841a87386b489416"
#define CAPTURE_PARAMS "03001d207bc231f32cb6a3a8c05bf7c8874b8f3789f02ef6b8e735d4b569387bae7d372e"
#define CAPTURE_SIGNATURE                                                                                    \
    "304402200673f6287b42eb1ebd237bf36d1afa7ca97c801334394965288dbc52c8363afc"                               \
    "022013940fb8fdd9c8e0ec6940711c527072628ed4c305c72e471d4b32b8b2a21959"
#define CAPTURE_MASTER_SECRET                                                                                \
    "82a3c7b4391aa572eb8e1d938aa32ed31142691df7a94f27960364cdf8d3512859b167a7"                               \
    "d90b903c54ba241a840416c5"
#define CAPTURE_CLIENT_RANDOM "86ee9e53f6cdab1a54afe220bd26f25178c7b2c825b6513f620e6e14a91ca5ba"
#define CAPTURE_SERVER_RANDOM "4910bdbd829db027b2c771c1f9a4d1c117ccb9e57142092bca7824c9a1318698"
#define CAPTURE_KEY_BLOCK                                                                                    \
    "0309440d23b6ddf74781791fe1bdcd108e0b02981a1a30f84f32791c5d2d0a00963aa1af"                               \
    "8ea26847"

/* Certificates and keys made with Python's cryptography. KEY7 is P-256 with the private key 7, and
 * the key of the two KU certificates. */
#define CERT_KU_SIGN                                                                                         \
    "308201253081cda003020102020105300a06082a8648ce3d040302300c310a3008060355"                               \
    "04030c0174301e170d3236303130313030303030305a170d323630313331303030303030"                               \
    "5a300c310a300806035504030c01743059301306072a8648ce3d020106082a8648ce3d03"                               \
    "0107034200048e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187"                               \
    "b2a373eb1dbde03318366d069f83a6f5900053c73633cb041b21c55e1a86c1f400b4a320"                               \
    "301e300c0603551d130101ff04023000300e0603551d0f0101ff040403020388300a0608"                               \
    "2a8648ce3d04030203470030440220602ef0111ba942d8a9115a1504acff14a3ec15f192"                               \
    "5f4d13af85c7a0bd626e02022024c64c2f296b394f1bc1881ec6ba4b0916ff8bd54e85d8"                               \
    "30ec190ed2b16925d2"
#define CERT_KU_AGREE                                                                                        \
    "308201273081cda003020102020105300a06082a8648ce3d040302300c310a3008060355"                               \
    "04030c0174301e170d3236303130313030303030305a170d323630313331303030303030"                               \
    "5a300c310a300806035504030c01743059301306072a8648ce3d020106082a8648ce3d03"                               \
    "0107034200048e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187"                               \
    "b2a373eb1dbde03318366d069f83a6f5900053c73633cb041b21c55e1a86c1f400b4a320"                               \
    "301e300c0603551d130101ff04023000300e0603551d0f0101ff040403020308300a0608"                               \
    "2a8648ce3d0403020349003046022100b8fdb9357272b2de8e13dc15ee7f16fdb61f4f27"                               \
    "421e26545a3c2c722da42868022100ab686ef08b0bcbea7d00cabbaaa09c62fe336fa7e3"                               \
    "e7d7aaaf48c556ad1a2473"
#define CERT_P384                                                                                            \
    "308201413081c8a003020102020105300a06082a8648ce3d040303300c310a3008060355"                               \
    "04030c0174301e170d3236303130313030303030305a170d323630313331303030303030"                               \
    "5a300c310a300806035504030c01743076301006072a8648ce3d020106052b8104002203"                               \
    "620004667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de"                               \
    "3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f65032149e0"                               \
    "e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c300a06082a8648ce3d"                               \
    "0403030368003065023100c01cca33e83bb06492c8a64fc656b9c058add6af6c690807d6"                               \
    "bb7cc532518f8cfd0a32fbc1df6d32619a4abd4aa142930230422b111cdd733dcd2baf95"                               \
    "4c55abd11dc5d415b9bfc69adcf3136c572eea631018463d83d83e51c0b69ab21b0f647a"                               \
    "aa"
#define CERT_P521                                                                                            \
    "3082018c3081eea003020102020105300a06082a8648ce3d040302300c310a3008060355"                               \
    "04030c0174301e170d3236303130313030303030305a170d323630313331303030303030"                               \
    "5a300c310a300806035504030c017430819b301006072a8648ce3d020106052b81040023"                               \
    "038186000401585389e359e1e21826a2f5bf157156d488ed34541b988746992c4ab145b8"                               \
    "c6b6657429e1396134da35f3c556df725a318f4f50babd85cd28661f45627967cbe20700"                               \
    "2a2e618c9a8aedf39f0b55557a27ae938e3088a654ee1cebb6c825ba263ddb446e0d69e5"                               \
    "756057ac840ff56ecf4abfd87d736c2ae928880f343aa0ea86b9ad2a4e300a06082a8648"                               \
    "ce3d04030203818c003081880242012840d9512a2fd04bfae8367ea61b22b1485723d234"                               \
    "36a9590d6c3b0ad7d5d304bfaaa29560f14bf80db968316727e0e93bc3e8fe676179e0b7"                               \
    "d517d12ec19bc0d4024201500673080751f56b990c7f07fcd403ec516564bb275deffc59"                               \
    "27bcc5ef97b2fcd16fb5691048ad0cc3b529a9b1de6373b68df8c003ccdd5687376440fb"                               \
    "fdb6a69e"
#define CERT_RSA                                                                                             \
    "308201ae30820117a003020102020105300d06092a864886f70d01010b0500300c310a30"                               \
    "0806035504030c0174301e170d3236303130313030303030305a170d3236303133313030"                               \
    "303030305a300c310a300806035504030c017430819f300d06092a864886f70d01010105"                               \
    "0003818d0030818902818100a919db57de1584414e87e25273e273bb9c0f26e0b615e497"                               \
    "19c26ab88c6fabb09cf33e8dd497d11d34e432fd8d2103f4fc841d670e3cf01bf6669e3d"                               \
    "1304c39404ac89e755f971a8e8f6d2cc176d1fcb0716b21d9f717c7e4876d1d7558de460"                               \
    "25ac25320410f385c989d8ee7b957c5488b913d2f8b9573d82863d88ece599c302030100"                               \
    "01a320301e300c0603551d130101ff04023000300e0603551d0f0101ff04040302078030"                               \
    "0d06092a864886f70d01010b0500038181002cb899b7e20d7e0004e394268ca4aa92a5a7"                               \
    "e440e494dcde24df1fc89641c8fe1d6f310f8d7e249e169d48de4a6c28897422d651ba0b"                               \
    "5dcf505412b43ed6c23a6ac4ec05ad5d3e399f88b2cca001ccf1f0368f0ea464be9eb8fd"                               \
    "dbfec322432863ba38b23b61a52e874729f3ad255871476f0688497538404dcec444bfb8"                               \
    "665c"
#define CERT_ED25519                                                                                         \
    "3081c33077a003020102020105300506032b6570300c310a300806035504030c0174301e"                               \
    "170d3236303130313030303030305a170d3236303133313030303030305a300c310a3008"                               \
    "06035504030c0174302a300506032b65700321003b6a27bcceb6a42d62a3a8d02a6f0d73"                               \
    "653215771de243a63ac048a18b59da29300506032b6570034100fbd635d41b29074f0f29"                               \
    "471060252557ea776eb2a86e28b0cc6363681b772ab070d38963427a5b9182eae1d0fce5"                               \
    "671bf8c2afa8d0d0ebe51857a8f504bb9d0c"
#define KEY7_PKCS8                                                                                           \
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420"                               \
    "0000000000000000000000000000000000000000000000000000000000000007a1440342"                               \
    "00048e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187b2a373eb"                               \
    "1dbde03318366d069f83a6f5900053c73633cb041b21c55e1a86c1f400b4"
#define KEY7_SEC1                                                                                            \
    "307702010104200000000000000000000000000000000000000000000000000000000000"                               \
    "000007a00a06082a8648ce3d030107a144034200048e533b6fa0bf7b4625bb30667c01fb"                               \
    "607ef9f8b8a80fef5b300628703187b2a373eb1dbde03318366d069f83a6f5900053c736"                               \
    "33cb041b21c55e1a86c1f400b4"
#define KEY_P384_PKCS8                                                                                       \
    "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b020101043009"                               \
    "9f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041"                               \
    "e649ee3faef896783ab194a16403620004667842d7d180ac2cde6f74f37551f55755c764"                               \
    "5c20ef73e31634fe72b4c55ee6de3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9"                               \
    "cafc4984625ccfc23f65032149e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c"                               \
    "634573a81c"
#define KEY_P384_SEC1                                                                                        \
    "3081a40201010430099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b674"                               \
    "14dce655e35b538041e649ee3faef896783ab194a00706052b81040022a1640362000466"                               \
    "7842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de3ac808ac"                               \
    "b4bdb4c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada0"                               \
    "24181535a0f38eeb9fcff3c2c947dae69b4c634573a81c"

/* Signatures over "flightplan": by the P-384 key with SHA-256, by KEY7 with SHA-384. */
#define SIGNATURE_P384_SHA256                                                                                \
    "3064023007c47d21ba87ea32fbf070976d24b41679b267b1f2e1968a92a1b6dd37180637"                               \
    "66279c682fd17c322588df5a2281442302302c17923fd1c30ea0db86782d48e6527aa86f"                               \
    "6b6c111d9300dd4dbf80c9fdd7665caccad7a7387f04824d881c30aae02e"
#define SIGNATURE_P256_SHA384                                                                                \
    "304502200c22bc0bd3211531477ddd81a85347d814eeb37876687a2b106a79f730c532b4"                               \
    "022100ad05ac23fdec2055227cc00612b2c1e0766200c3dbdf84bc29649f46291b23c4"

#endif /* FPL_TESTS_UNIT_SAMPLES_H */
