import AuraModel

/// Reads where a dev-loop pushes to, and what it needs there.
///
///     land: {mode: push, remote: /srv/mirror.git}
///     land: {mode: push, remote: https://git.example.com/a.git, credential: git-token}
///     land: {mode: push, remote: ssh://git@example.com/a.git, credential: deploy-key,
///            host-key: ssh-ed25519 AAAA...}
///
/// A secret never stands in a definition: the record keeps those.
enum RemoteFields {
    static let keys = ["remote", "credential", "host-key", "authorities"]

    private static let expectation =
        "the absolute path of a repository, or a URL such as `https://git.example.com/a.git` or "
        + "`ssh://git@example.com/a.git`"
    private static let keyExpectation =
        "the server's public key, such as `ssh-ed25519 AAAA...`: the second and third word of what "
        + "ssh-keyscan prints"
    /// 1,000 characters: longer than any repository's URL; 4,000: an RSA key of 16,384 bits.
    private static let urlLengthMax = 1_000
    private static let keyLengthMax = 4_000

    static func push(
        _ fields: Fields, at place: Place, _ report: inout Report
    ) -> Definition.Landing? {
        guard
            let field = fields.required(
                "remote", expected: expectation, hint: "remote: /srv/mirror.git", &report),
            case .scalar(let scalar) = field.node.value
        else { return nil }
        guard !scalar.text.hasPrefix("/") else {
            for key in keys.dropFirst() {
                guard let stray = fields[key] else { continue }
                report.add(
                    stray.node.place, "`land.\(key)` means nothing to a repository on this host",
                    hint: "remove it")
            }
            return Definition.Landing(.push, remote: field.absolutePath(&report))
        }
        guard let url = url(field, &report) else { return nil }
        let isSSH = url.hasPrefix("ssh:")
        let credential = fields.required(
            "credential", expected: "the name of the \(isSSH ? "private key" : "token")",
            hint: "credential: NAME, with the secret in /etc/aura/credentials/NAME", at: place,
            &report)
        for key in [isSSH ? "authorities" : "host-key"] {
            guard let stray = fields[key] else { continue }
            report.add(
                stray.node.place, "`land.\(key)` means nothing to this remote", hint: "remove it")
        }
        let hostKey =
            isSSH
            ? fields.required(
                "host-key", expected: keyExpectation, hint: "ssh-keyscan -t ed25519 HOST",
                at: place, &report) : nil
        return Definition.Landing(
            .push, remote: url, credential: credential?.credential(&report),
            hostKey: hostKey.flatMap { self.hostKey($0, &report) },
            authorities: isSSH ? nil : fields["authorities"]?.absolutePath(&report))
    }

    /// A URL that git and ssh can take for nothing else, and that holds no password.
    private static func url(_ field: Field, _ report: inout Report) -> String? {
        guard let text = field.line(max: urlLengthMax, expected: expectation, &report) else {
            return nil
        }
        guard let scheme = ["https://", "ssh://"].first(where: { text.hasPrefix($0) }),
            text.utf8.allSatisfy(isPlain)
        else {
            field.refuse(&report, expected: expectation)
            return nil
        }
        let parts = text.dropFirst(scheme.count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let authority = parts[0].split(separator: "@", omittingEmptySubsequences: false)
        guard authority.count <= 2, let host = authority.last, !host.isEmpty,
            !host.hasPrefix("-"), !authority[0].hasPrefix("-"), parts.count == 2, !parts[1].isEmpty
        else {
            field.refuse(&report, expected: expectation)
            return nil
        }
        guard authority.count == 1 || !authority[0].contains(":") else {
            // Not by `refuse`, which says what it found: the record keeps that.
            report.add(
                field.node.place,
                "`land.remote` holds a password, expected a URL without one: it belongs into a "
                    + "credential", hint: "credential: NAME, and another password")
            return nil
        }
        return text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~/%+@:[]".utf8.contains(byte)
        }
    }

    private static func hostKey(_ field: Field, _ report: inout Report) -> String? {
        guard let text = field.line(max: keyLengthMax, expected: keyExpectation, &report) else {
            return nil
        }
        let words = text.split(separator: " ")
        let isKey =
            words.count == 2
            && words.allSatisfy { $0.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "=") } }
            && ["ssh-", "ecdsa-", "sk-"].contains { words[0].hasPrefix($0) }
        guard isKey else {
            field.refuse(&report, expected: keyExpectation)
            return nil
        }
        return text
    }
}
