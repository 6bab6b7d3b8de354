import AuraModel
import Testing

/// A file with something wrong in it, and every word that a user is told about it.
struct Broken: Sendable, CustomTestStringConvertible {
    let claim: String
    let text: String
    let says: String

    init(_ claim: String, text: String, says: String) {
        self.claim = claim
        self.text = text
        self.says = says
    }

    var testDescription: String { claim }

    /// Compares the whole text of `diagnostics`.
    func check(_ diagnostics: [Diagnostic]) {
        let said = diagnostics.map(\.description).joined(separator: "\n")
        #expect(said == says, "\(claim)")
    }
}
