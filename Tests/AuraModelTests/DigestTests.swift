import AuraModel
import Testing

@Suite("Digests and base 64")
struct DigestTests {
    @Test(
        "digests are those of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func examples(text: String, digest: String) {
        #expect(HexText.text(SHA256Digest.of(Array(text.utf8))) == digest)
    }

    @Test("a message in pieces has the digest of the whole, wherever it is cut")
    func pieces() {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for length in 0...message.count {
            let whole = SHA256Digest.of(Array(message[..<length]))
            for cut in stride(from: 0, through: length, by: 13) {
                var digest = SHA256Digest()
                message[..<cut].withUnsafeBytes { digest.update($0) }
                message[cut..<length].withUnsafeBytes { digest.update($0) }
                #expect(digest.finish() == whole, "\(length) bytes, cut at \(cut)")
            }
        }
    }

    @Test(
        "base 64 is that of RFC 4648's examples, and read back",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"), ("\u{fb}\u{ff}", "w7vDvw=="),
        ])
    func base64(text: String, coded: String) {
        #expect(Base64Text.text(Array(text.utf8)) == coded)
        #expect(Base64Text.bytes(coded) == Array(text.utf8))
    }

    @Test(
        "what is not exactly base 64 is refused",
        arguments: ["Zg", "Zg=", "Zh==", "Zg===", "=Zg=", "Z g==", "Zg==\n", "Zm9-", "Z"])
    func refused(text: String) {
        #expect(Base64Text.bytes(text) == nil)
    }
}
