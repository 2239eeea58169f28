using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

/// <summary>Published vectors of DHKEM(P-256, HKDF-SHA256) with HKDF-SHA256. The labels of draft 08 are those of the RFC.</summary>
internal static class HpkeVectors
{
    public const string Info = "4f6465206f6e2061204772656369616e2055726e";
    public const string Plaintext = "4265617574792069732074727574682c20747275746820626561757479";

    // RFC 9180, A.3.1: base mode.
    public static HpkeVector Rfc9180A31 { get; } = new()
    {
        Aead = HpkeAead.Aes128Gcm,
        SeedR = "668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550",
        SeedE = "4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e",
        PrivateR = "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
        PublicR = "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d3"
            + "0ad6aa8f80e30f1d128aafd68a2ce72ea0",
        Encapsulated = "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900"
            + "be863c403ce65c9bfcb9382657222d18c4",
        SharedSecret = "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8",
        Key = "868c066ef58aae6dc589b6cfdd18f97e",
        BaseNonce = "4e0bc5018beba4bf004cca59",
        ExporterSecret = "14ad94af484a7ad3ef40e9f3be99ecc6fa9036df9d4920548424df127ee0d99f",
        Messages =
        [
            new(0, "436f756e742d30", "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434"),
            new(1, "436f756e742d31", "fa6f037b47fc21826b610172ca9637e82d6e5801eb31cbd3748271affd4ecb06646e0329cbdf3c3cd655b28e82"),
            new(2, "436f756e742d32", "895cabfac50ce6c6eb02ffe6c048bf53b7f7be9a91fc559402cbc5b8dcaeb52b2ccc93e466c28fb55fed7a7fec"),
        ],
        Exports =
        [
            new("", "5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d"),
            new("00", "6cff87658931bda83dc857e6353efe4987a201b849658d9b047aab4cf216e796"),
            new("54657374436f6e74657874", "d8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a"),
        ],
    };

    // RFC 9180, A.3.3: auth mode.
    public static HpkeVector Rfc9180A33 { get; } = new()
    {
        Aead = HpkeAead.Aes128Gcm,
        SeedR = "7bc93bde8890d1fb55220e7f3b0c107ae7e6eda35ca4040bb6651284bf0747ee",
        SeedE = "798d82a8d9ea19dbc7f2c6dfa54e8a6706f7cdc119db0813dacf8440ab37c857",
        SeedS = "874baa0dcf93595a24a45a7f042e0d22d368747daaa7e19f80a802af19204ba8",
        PublicS = "04a817a0902bf28e036d66add5d544cc3a0457eab150f104285df1e293b5c10eef8651213e43d9cd9086c80b309df22c"
            + "f37609f58c1127f7607e85f210b2804f73",
        PrivateR = "d929ab4be2e59f6954d6bedd93e638f02d4046cef21115b00cdda2acb2a4440e",
        PublicR = "04423e363e1cd54ce7b7573110ac121399acbc9ed815fae03b72ffbd4c18b01836835c5a09513f28fc971b7266cfde2e"
            + "96afe84bb0f266920e82c4f53b36e1a78d",
        Encapsulated = "042224f3ea800f7ec55c03f29fc9865f6ee27004f818fcbdc6dc68932c1e52e15b79e264a98f2c535ef06745f3d30862"
            + "4414153b22c7332bc1e691cb4af4d53454",
        SharedSecret = "d4aea336439aadf68f9348880aa358086f1480e7c167b6ef15453ba69b94b44f",
        Key = "19aa8472b3fdc530392b0e54ca17c0f5",
        BaseNonce = "b390052d26b67a5b8a8fcaa4",
        ExporterSecret = "f152759972660eb0e1db880835abd5de1c39c8e9cd269f6f082ed80e28acb164",
        Messages =
        [
            new(0, "436f756e742d30", "82ffc8c44760db691a07c5627e5fc2c08e7a86979ee79b494a17cc3405446ac2bdb8f265db4a099ed3289ffe19"),
        ],
        Exports =
        [
        ],
    };

    // The RFC's test-vectors.json (the RFC prints only the AES-128 member): mode 0, kem 16, kdf 1, aead 2.
    public static HpkeVector OfficialBase { get; } = new()
    {
        Aead = HpkeAead.Aes256Gcm,
        SeedR = "a0ce15d49e28bd47a18a97e147582d814b08cbe00109fed5ec27d1b4e9f6f5e3",
        SeedE = "a90d3417c3da9cb6c6ae19b4b5dd6cc9529a4cc24efb7ae0ace1f31887a8cd6c",
        PrivateR = "317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2",
        PublicR = "04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c685136f853148544876de76c0f2ef99cdc3a0"
            + "5ccf5ded7860c7c021238f9e2073d2356c",
        Encapsulated = "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e0b21bd31a86c6048af3cb2d98e0d3b"
            + "f01da5cc4c39ff5370d331a4f1f7d5a4e0",
        SharedSecret = "48893fecd82f7c3456af6a42d8f56325d21e08c10fa81299986aaff54cde7b49",
        Key = "ee16802a936d5f544771131900ee6973d0551de9e852ece2ef34bf0d5f9e1d1d",
        BaseNonce = "9bc50980832a7b4b58c40161",
        Messages =
        [
            new(0, "436f756e742d30", "58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d291742465e902cd216f8908da49f8f96f"),
        ],
        Exports =
        [
        ],
    };

    // draft-irtf-cfrg-hpke-08, test-vectors.json at 779d028: mode 0, kem 16, kdf 1, aead 2.
    public static HpkeVector Draft08Base { get; } = new()
    {
        Aead = HpkeAead.Aes256Gcm,
        SeedR = "03f75a34fe711cbd5a348cd52aca1387c8a69726328b83fa703c4f3e91ce9e7a",
        SeedE = "8468257215a9b747463886cc35fb1995bf2041325d6984b48e4fb0d872f43fb2",
        PrivateR = "01f59b0596c63d30c1956617095a4084dd8a62c754a7395069a56ab8aa9118fc",
        PublicR = "0421dc6b4cc0d2a73090cf944c9f1b8d0a700a153dcaf34721ec8fbb8baeea19e65fd71d34acdcfe1bceff9bde0f1f5f"
            + "73a2edb3599f533e703a2f42865a3ea819",
        Encapsulated = "0469f24d3b44c6741cce6660b1c72e05d6d9c615b64dca6947c3eeca104be0cda1d4b3e8b1978e1de88aba437155df4f"
            + "a9008ee3ad02a72f1ab6534cf7fcfadb51",
        SharedSecret = "3cda4df6c8490d7ae37eccef737e1dc3aea0e4162f985d58b90e4c3d0a69103c",
        Key = "94a73ec014266333b4663335220cf3ebfe7fe279c5abb52c40b6fcf19a20043d",
        BaseNonce = "d2dacb23cee6e1b7441da406",
        ExporterSecret = "b51679d6e7c6f6cf5850406bb10c554c49692e5f41b5cece113a33b01c7f89d2",
        Messages =
        [
            new(0, "436f756e742d30", "59b14653f7a80bd228248c71df9caf21319aa29cc90ef8e51761ef91a1275f46653b1b056482b17e1cbe1cb1de"),
            new(1, "436f756e742d31", "1c4b78d35035138a224a462ed10dc99302a77e63e46cf99c87e3f32be5e0a67caf698dde91b6176fa410cbba23"),
            new(2, "436f756e742d32", "d0371760a7091e6b261616494fa815d89a003615560bc57a6016ccd2e2a101de6e5065f3d10f19cbbdc5ee5848"),
            new(4, "436f756e742d34", "db0262ba4bad6bcaa7238921f5512b5a9cc24de24633e68b85666baf0f9eeaa4ce34a1a430f6022c3d1967dadf"),
            new(255, "436f756e742d323535", "11bd3a46dadf19e5d373d4140fe0d177458e968fce03ad69af14b598ce141f74216b23a1e0a978f5bb9692e7ff"),
            new(256, "436f756e742d323536", "b622449394200fb4fe612ffc81e701be97f2eb65ea7b847d75c554dbe992aac5996f8cbee11b98947055d0eaf1"),
        ],
        Exports =
        [
            new("", "137e5fb8f28525b4c8cd75bbe92021fcca02668dc938f2b1c56df1bd336a93ef"),
            new("00", "661735371c3210220bef5285b271a71c7c4e0c7745134914ccd32e95d601672d"),
            new("54657374436f6e74657874", "ad4ca528e31ced64dab8e7709eb457c8b478f078df09eb300b8990ab2672a1ca"),
        ],
    };

    // draft-irtf-cfrg-hpke-08, test-vectors.json at 779d028: mode 2, kem 16, kdf 1, aead 2.
    public static HpkeVector Draft08Auth { get; } = new()
    {
        Aead = HpkeAead.Aes256Gcm,
        SeedR = "acc8d49478d16d7a48335589dc269f625180f30061213404037cdbc4cebf627a",
        SeedE = "240e9480c220ada65c3e5c2fad20c8b8c6a4f384ddd1e1862054249544629624",
        SeedS = "018194bcf92cba5fc316a41d0db26ff1adbd689f0a47acd9c1100474b1cc4432",
        PublicS = "047e7d5992ec1d1212cc83c01cfe3c5c86e598b4724cfa36b0c3b890f40392a09149ee03443b92cd16b28ec64157afa1"
            + "a8358c0a1730ed006aad73d2c7a7c0a24f",
        PrivateR = "6b6581374cb083700efe4b2efcc8d31f8975f815b95daadc4325c0aa21e247f0",
        PublicR = "04c63b95a0f0996ec1b676233a8ab8dd353f96610c518c37ed793e099de55ad50fe7fe85dfed9b1b9534676566b02b42"
            + "05a8f3c7145a76454e82edb3d9d68eb952",
        Encapsulated = "043f1e9dc297c547c7baccb789ae7aadafe6cd53abc723c4d455e9328ae43e3c0f62ef4e31682b889c15a5eedee84d9d"
            + "1327758bae06a40759a1a1f554d17a25a6",
        SharedSecret = "f75cf763fbe0b94eab3af9522278cb6f028a707dbd72926026258710b1d3ff21",
        Key = "94d7d922c005ce4564ae097bd4b452375d52c13e77c896c5eabf53e6f4b94baf",
        BaseNonce = "6480cc2c4a19201d342753a9",
        ExporterSecret = "75572ab7758d6ee53b59c8eefa397d2b54c87a839eac87f415c9ca9de20445ad",
        Messages =
        [
            new(0, "436f756e742d30", "c91cac02de5752374c35cab784ec92264f7eb0537305d57c26c9bbffc6b6d61fb31e03dca2b78cffb7abb491ba"),
            new(1, "436f756e742d31", "be6e8940fe63c7b81b81afb8b8f3bb5736e3b080df871f2a8d9755c0d94ef1b94d61072bf4a5b0c5bfbebb7f4e"),
            new(2, "436f756e742d32", "4ea70ddf076a83cf131e14b84da33dbdf9034749c65257b4f485cf124757bf84797c9563187e34043dce504253"),
            new(4, "436f756e742d34", "aa8beec253e321f2b10a007a4b9f7db9cee10860ae126c34fe0a70808222b2c6c13270a958855b45873e9a3b6a"),
            new(255, "436f756e742d323535", "7411662ccf1d0b15e774a2ca9823b38a50f036fa88a02a39a22fe708f532f770d2d82e1463165fa5d6577d8940"),
            new(256, "436f756e742d323536", "c3d35be0295a68b9f9d9e95c59accc769624063a03c7cfeb7f012078ddcfd0294b23bed26a12eef7d36d3f69b2"),
        ],
        Exports =
        [
            new("", "83a1361d866bdc049addea53f619a67d856f7023bf34661b577fae5b1f0b8352"),
            new("00", "3c96f42cc87200fc4b1d96cbc534d783ebc96ff4ae52a078b706cc6c900635f5"),
            new("54657374436f6e74657874", "8d6e24b1898e0a36de5d667b1dcad9abd2e2cf25dda46e947de423405468b845"),
        ],
    };
}
