import AuraSystem

/// What models say goes before what can be done later.
extension TurnLoop {
    /// 5 ms without a word: less than lies between two of a fast model.
    private static let speechMilliseconds = 5

    /// A word was relayed, and the next one should not have to wait either: for pages that are mapped
    /// again, or for a cage that is built.
    func noteWord() {
        rest()
        speechEnd = SystemClock.monotonicMilliseconds() + Self.speechMilliseconds
    }

    /// When the workers' cages that are built ahead are to be looked at: between words.
    ///
    /// To start building one takes longer than to relay a word.
    var nextSpareLook: Int? { effects.nextLook.map { max($0, speechEnd) } }

    /// Looks at them, if it is time.
    func lookAtSpares() throws {
        if speechEnd <= SystemClock.monotonicMilliseconds() { try effects.lookAtSpares() }
    }
}
