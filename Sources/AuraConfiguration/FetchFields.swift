import AuraModel

/// Reads `capabilities.fetch`.
///
///     fetch:
///       - https://docs.example.com                         # GET and HEAD
///       - {origin: http://127.0.0.1:8080, send: true}      # and POST, PUT, PATCH, DELETE
///       - {origin: https://packages.example.com, send: true, proxy: true}   # and for commands, by a proxy
enum FetchFields {
    /// 32 origins: each is named to the model.
    private static let countMax = 32
    private static let expectation =
        "origins such as `https://docs.example.com` or `{origin: http://10.0.0.1:8080, send: true}`"

    static func read(_ field: Field, _ report: inout Report) -> [FetchGrant]? {
        field.distinct(
            max: countMax, expected: "a list of \(expectation)", hint: "begin each with `- `",
            by: \.origin, &report, read: grant,
            twice: { ("\($0.origin) is granted twice", "remove one of the two") })
    }

    private static func grant(_ field: Field, _ report: inout Report) -> FetchGrant? {
        guard case .mapping = field.node.value else {
            return origin(field, &report).map { FetchGrant(origin: $0) }
        }
        guard
            let fields = Fields(
                field, keys: ["origin", "send", "proxy"], expected: expectation, &report),
            let origin = fields.required("origin", expected: expectation, &report).flatMap({
                origin($0, &report)
            })
        else { return nil }
        let grant = FetchGrant(
            origin: origin, send: fields["send"]?.truth(&report),
            proxy: fields["proxy"]?.truth(&report))
        if grant.proxy == true, grant.send != true, origin.hasPrefix("https:") {
            report.add(
                field.node.place,
                "`\(field.path)`: `proxy` of an https origin needs `send: true`: what a command "
                    + "sends through it is not seen",
                hint: "write {origin: \(origin), send: true, proxy: true}")
        }
        return grant
    }

    /// Exactly a scheme, a host and perhaps a port: what looks like more would promise more.
    private static func origin(_ field: Field, _ report: inout Report) -> String? {
        guard let text = field.line(max: FetchURL.bytesMax, expected: expectation, &report) else {
            return nil
        }
        do throws(FetchURL.Flaw) {
            let url = try FetchURL(text)
            guard url.target == "/", !text.hasSuffix("/"), !text.contains("#") else {
                report.add(
                    field.node.place,
                    "`\(field.path)`: found a path, expected a scheme, a host and perhaps a port",
                    hint: "\(url.origin.text) grants all paths below it")
                return nil
            }
            return url.origin.text
        } catch {
            field.refuse(&report, expected: "\(expectation): \(error.text)")
            return nil
        }
    }
}
