// Text to Condition: a hand-written lexer and recursive descent, so that every error has its column and a
// remedy.
#include <fmt/format.h>

#include <array>
#include <cctype>

#include "model/state/flags.h"
#include "scenarios/loader/condition.h"
#include "scenarios/loader/names.h"
#include "scenarios/loader/scenario.h"
#include "support/bits.h"

namespace isobar::scenarios {

namespace {

constexpr unsigned kMaxNesting = 64;
constexpr std::size_t kMaxConditionLength = 4096;

/// Leaves the parser at the first error of one condition.
struct Stop {};

struct Token {
  enum class Kind : u8 { Word, Number, Symbol, End } kind = Kind::End;
  std::string_view text;
  std::size_t at = 0;
};

/// Notations of other tools, and what to write here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kForeign{
    {{"/\\", "&&"}, {"\\/", "||"}, {"~", "!"}, {"and", "&&"}, {"or", "||"}, {"not", "!"}}};

class ConditionParser {
 public:
  ConditionParser(const ConditionText& source, Scenario& scenario, Problems& problems)
      : source_(source), text_(source.text), scenario_(scenario), problems_(problems) {}

  Condition condition() {
    check_length();
    advance();
    if (token_.kind == Token::Kind::End) fail(0, "a condition is missing");
    Condition c = disjunction();
    if (token_.kind != Token::Kind::End) fail(token_.at, unexpected("'&&' or '||'"));
    return c;
  }

  void observed() {
    check_length();
    advance();
    if (token_.text == "fault") {
      fault();
    } else if (operand().constant) {
      fail(0, "expected a register such as P0.X1 or a location");
    }
    if (token_.kind != Token::Kind::End) fail(token_.at, unexpected("nothing more"));
  }

  Condition state(std::vector<unsigned>& named) {
    check_length();
    advance();
    Condition all;
    all.kind = Condition::Kind::And;
    while (token_.kind != Token::Kind::End) {
      const std::size_t at = token_.at;
      Condition c;
      c.kind = Condition::Kind::Compare;
      c.left = operand();
      if (c.left.constant) fail(at, "expected a register or location, such as P0.X1=0");
      if (token_.text != "=" && token_.text != "==") fail(token_.at, unexpected("'='"));
      advance();
      const std::size_t right = token_.at;
      c.right = operand();
      if (!c.right.constant) fail(right, "the value in a state is a number or an address (&x)");
      fit(c, right);
      named.push_back(c.left.observed);
      all.operands.push_back(std::move(c));
      if (token_.kind == Token::Kind::End) break;
      if (token_.text != ";") fail(token_.at, unexpected("';'"));
      advance();
    }
    if (all.operands.empty()) fail(0, "a state is missing; write for example P0.X1=0; x=2");
    return all;
  }

 private:
  [[noreturn]] void fail(std::size_t at, std::string message) {
    problems_.add(source_.line, source_.column + (source_.verbatim ? static_cast<u32>(at) : 0),
                  std::move(message));
    throw Stop{};
  }
  void check_length() {
    if (text_.size() > kMaxConditionLength) fail(0, "the condition is longer than 4096 characters");
  }
  std::string unexpected(std::string_view wanted) const {
    for (const auto& [foreign, ours] : kForeign) {
      if (token_.text == foreign) return fmt::format("write {} instead of {}", ours, scenarios::quoted(foreign));
    }
    if (token_.kind == Token::Kind::End)
      return fmt::format("expected {} before the end of the condition", wanted);
    return fmt::format("expected {}, not {}", wanted, scenarios::quoted(token_.text));
  }

  static bool word_character(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; }

  void advance() {
    std::size_t i = next_;
    while (i < text_.size() && (text_[i] == ' ' || text_[i] == '\n')) ++i;
    const std::size_t start = i;
    if (i >= text_.size()) {
      token_ = {Token::Kind::End, {}, text_.size()};
      next_ = i;
      return;
    }
    Token::Kind kind = Token::Kind::Symbol;
    if (word_character(text_[i])) {
      kind =
          std::isdigit(static_cast<unsigned char>(text_[i])) != 0 ? Token::Kind::Number : Token::Kind::Word;
      while (i < text_.size() && word_character(text_[i])) ++i;
    } else {
      static constexpr std::array<std::string_view, 8> kPairs{
          "&&", "||", "==", "!=", "<=", ">=", "/\\", "\\/"};
      ++i;
      for (const std::string_view pair : kPairs) {
        if (text_.substr(start, 2) == pair) i = start + 2;
      }
    }
    token_ = {kind, text_.substr(start, i - start), start};
    next_ = i;
  }
  bool accept(std::string_view symbol) {
    if (token_.text != symbol) return false;
    advance();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!accept(symbol)) fail(token_.at, unexpected(fmt::format("'{}'", symbol)));
  }

  Condition chain(Condition::Kind kind, std::string_view symbol, Condition (ConditionParser::*part)()) {
    Condition first = (this->*part)();
    if (token_.text != symbol) return first;
    Condition c;
    c.kind = kind;
    c.operands.push_back(std::move(first));
    while (accept(symbol)) c.operands.push_back((this->*part)());
    return c;
  }
  Condition disjunction() { return chain(Condition::Kind::Or, "||", &ConditionParser::conjunction); }
  Condition conjunction() { return chain(Condition::Kind::And, "&&", &ConditionParser::negation); }

  Condition negation() {
    if (++nesting_ > kMaxNesting)
      fail(token_.at, fmt::format("parentheses and '!' are nested more than {} deep", kMaxNesting));
    Condition c;
    if (accept("!")) {
      c.kind = Condition::Kind::Not;
      c.operands.push_back(negation());
    } else if (accept("(")) {
      c = disjunction();
      expect(")");
    } else {
      c = atom();
    }
    --nesting_;
    return c;
  }

  Condition atom() {
    Condition c;
    if (token_.kind == Token::Kind::Word && token_.text == "deadlock" &&
        scenario_.find_memory("deadlock") == nullptr) {
      advance();
      c.kind = Condition::Kind::Or;
      for (unsigned t = 0; t < scenario_.threads.size(); ++t) c.operands.push_back(waiting(t));
      return c;
    }
    if (token_.kind == Token::Kind::Word && token_.text == "waiting" && text_.substr(next_, 1) == "(") {
      advance();
      expect("(");
      const int thread = thread_named(token_);
      advance();
      expect(")");
      return waiting(static_cast<unsigned>(thread));
    }
    if (token_.kind == Token::Kind::Word && token_.text == "flagged" && text_.substr(next_, 1) == "(")
      return flagged();
    if (token_.kind == Token::Kind::Word && token_.text == "true" &&
        scenario_.find_memory("true") == nullptr) {
      advance();
      return c;
    }
    if (token_.kind == Token::Kind::Word && (token_.text == "fault" || token_.text == "Fault") &&
        text_.substr(next_, 1) == "(") {
      return fault();
    }
    c.kind = Condition::Kind::Compare;
    c.left = operand();
    static constexpr std::array<std::pair<std::string_view, Condition::Relation>, 6> kRelations{
        {{"==", Condition::Relation::Equal},
         {"!=", Condition::Relation::NotEqual},
         {"<", Condition::Relation::Less},
         {"<=", Condition::Relation::LessEqual},
         {">", Condition::Relation::Greater},
         {">=", Condition::Relation::GreaterEqual}}};
    const Token relation = token_;
    for (const auto& [symbol, meaning] : kRelations) {
      if (relation.text != symbol) continue;
      c.relation = meaning;
      advance();
      const std::size_t right = token_.at;
      c.right = operand();
      const bool ordered = meaning != Condition::Relation::Equal && meaning != Condition::Relation::NotEqual;
      if (ordered && (c.left.negative || c.right.negative)) {
        fail(relation.at,
             fmt::format("'{}' compares unsigned values; a negative number has no place in it", symbol));
      }
      fit(c, right);
      return c;
    }
    if (relation.text == "=") fail(relation.at, "write '==' to compare");
    fail(relation.at, unexpected("'==', '!=', '<', '<=', '>' or '>='"));
  }

  /// Gives a number the width of the other side.
  void fit(Condition& c, std::size_t at) {
    if (c.left.constant && c.right.constant)
      fail(at, "both sides are numbers; a condition looks at a register or location");
    Term* number = c.left.constant ? &c.left : c.right.constant ? &c.right : nullptr;
    if (number == nullptr) return;
    const unsigned width = c.left.constant ? c.right.bits : c.left.bits;
    const Term& seen = c.left.constant ? c.right : c.left;
    const auto fits = [&](const Value& v) {
      if (width >= 128) return true;
      return width > 64 ? (v.hi & ~ones(width - 64)) == 0 : v.hi == 0 && (v.lo & ~ones(width)) == 0;
    };
    if (!fits(number->value)) {
      fail(at, fmt::format("the number does not fit in {}, which has {} bits",
                           scenario_.observed[seen.observed].label, width));
    }
    if (!number->negative) return;
    Value v{~number->value.lo + 1, ~number->value.hi + (number->value.lo == 0 ? 1 : 0)};
    if (width <= 64) v = {v.lo & ones(width), 0};
    number->value = v;
  }

  Condition fault() {
    Condition c;
    c.kind = Condition::Kind::Fault;
    advance();
    expect("(");
    const int thread = thread_named(token_);
    advance();
    if (accept(",")) {
      const std::optional<FaultKind> kind = parse_fault_kind(token_.text);
      if (!kind) {
        fail(token_.at, fmt::format("{} is not a kind of fault{}", scenarios::quoted(token_.text),
                                    suggestion(token_.text, fault_kind_names())));
      }
      c.fault = *kind;
      advance();
      if (accept(",")) {
        const std::size_t at = token_.at;
        accept("&");
        if (token_.kind == Token::Kind::Number) {
          c.address = number().lo;
        } else {
          c.address = address(at);
        }
      }
    }
    expect(")");
    c.observed = observe_fault(scenario_, static_cast<unsigned>(thread), c.observed_address);
    return c;
  }

  Condition waiting(unsigned thread) {
    Condition c;
    c.kind = Condition::Kind::Waiting;
    c.observed = observe_waiting(scenario_, thread);
    return c;
  }

  Condition flagged() {
    advance();
    expect("(");
    std::vector<std::string> words;
    Condition c;
    c.kind = Condition::Kind::Flag;
    bool known = false;
    for (const model::FlagName& f : model::kFlagNames) {
      words.emplace_back(f.word);
      if (token_.text != f.word) continue;
      known = true;
      const std::string label = fmt::format("flagged({})", f.word);
      c.observed = scenario_.observe({Observed::Kind::Flag, 0, isa::Reg::None, f.flag, 1, label});
    }
    if (!known)
      fail(token_.at,
           fmt::format("{} is not a warning{}", scenarios::quoted(token_.text), suggestion(token_.text, words)));
    advance();
    expect(")");
    return c;
  }

  int thread_named(const Token& t) {
    const int thread = t.kind == Token::Kind::Word ? scenario_.find_thread(t.text) : -1;
    if (thread < 0) {
      fail(t.at, t.kind == Token::Kind::End ? "expected the name of a thread"
                                            : fmt::format("{} is not a thread{}", scenarios::quoted(t.text),
                                                          suggestion(t.text, thread_names(scenario_))));
    }
    return thread;
  }

  Value number() {
    std::string why;
    const std::optional<Value> v = parse_number(token_.text, why);
    if (!v) fail(token_.at, why);
    advance();
    return *v;
  }

  /// A location, label or element, with an optional '+N': its address.
  u64 address(std::size_t at) {
    if (token_.kind != Token::Kind::Word) fail(token_.at, unexpected("a location or label"));
    advance();
    if (accept(".")) {
      if (token_.kind != Token::Kind::Word) fail(token_.at, unexpected("a label"));
      advance();
    }
    if (accept("[")) {
      number();
      expect("]");
    } else if (accept("+")) {
      number();
    }
    std::size_t end = token_.at;
    while (end > at && text_[end - 1] == ' ') --end;
    std::string_view written = text_.substr(at, end - at);
    if (!written.empty() && written.front() == '&') written.remove_prefix(1);
    while (!written.empty() && written.front() == ' ') written.remove_prefix(1);
    std::string why;
    const std::optional<u64> a = parse_address(written, scenario_, why);
    if (!a) fail(at, why);
    return *a;
  }

  Term operand() {
    Term t;
    if (accept("-")) {
      t.negative = true;
      if (token_.kind == Token::Kind::Word) {
        const std::optional<unsigned> error = error_number(token_.text);
        if (!error) fail(token_.at, fmt::format("{} is not an error number", scenarios::quoted(token_.text)));
        t.value = {*error, 0};
        advance();
        return t;
      }
    }
    if (token_.kind == Token::Kind::Number) {
      t.value = number();
      return t;
    }
    if (t.negative) fail(token_.at, unexpected("a number"));
    if (token_.text == "&") {
      const std::size_t at = token_.at;
      advance();
      t.value = {address(at), 0};
      return t;
    }
    if (accept("[")) {
      t = memory();
      expect("]");
      return t;
    }
    if (token_.kind != Token::Kind::Word)
      fail(token_.at, unexpected("a register such as P0.X1, a location or a number"));
    if (token_.text == "bits" && text_.substr(next_, 1) == "(") return bit_range();
    if (scenario_.find_thread(token_.text) >= 0 || text_.substr(next_, 1) == ".") return member();
    if (const std::optional<unsigned> error = error_number(token_.text)) {
      t.value = {*error, 0};
      advance();
      return t;
    }
    return memory();
  }

  /// `bits(P0.X1, 15, 8)`: some bits of what is observed, the highest first.
  Term bit_range() {
    advance();
    expect("(");
    const std::size_t at = token_.at;
    Term t = operand();
    if (t.constant) fail(at, "expected a register such as P0.X1 or a location");
    expect(",");
    const unsigned high = bit_number(t.bits);
    expect(",");
    const std::size_t low_at = token_.at;
    const unsigned low = bit_number(t.bits);
    if (low > high) fail(low_at, "the highest bit comes first");
    expect(")");
    t.low += low;
    t.bits = high - low + 1;
    return t;
  }

  unsigned bit_number(unsigned width) {
    const std::size_t at = token_.at;
    if (token_.kind != Token::Kind::Number) fail(at, unexpected("the number of a bit"));
    const Value v = number();
    if (v.hi != 0 || v.lo >= width) fail(at, fmt::format("there are {} bits, numbered from 0", width));
    return static_cast<unsigned>(v.lo);
  }

  /// `P0.X1`, or `P0.label`, `jit.label` (addresses).
  Term member() {
    const Token owner = token_;
    advance();
    if (!accept("."))
      fail(token_.at, fmt::format("expected '.' and a register after the thread '{}'", owner.text));
    const Token what = token_;
    if (what.kind != Token::Kind::Word) fail(what.at, unexpected("a register or label"));
    const int thread = scenario_.find_thread(owner.text);
    const isa::Reg reg = thread < 0 ? isa::Reg::None : isa::parse_register(what.text);
    if (reg != isa::Reg::None && !isa::is_uop_result(reg) && reg != isa::Reg::XZR) {
      advance();
      return register_term(static_cast<unsigned>(thread), reg, owner, what);
    }
    std::string why;
    const std::optional<u64> a =
        parse_address(text_.substr(owner.at, what.at + what.text.size() - owner.at), scenario_, why);
    if (!a) {
      if (thread >= 0)
        why = fmt::format("thread {} has no register or label {}", owner.text, scenarios::quoted(what.text));
      fail(thread >= 0 ? what.at : owner.at, why);
    }
    advance();
    Term t;
    t.value = {*a, 0};
    return t;
  }

  Term register_term(unsigned thread, isa::Reg reg, const Token& owner, const Token& what) {
    if (!scenario_.variants.empty() && scenario_.variants.front().kernel.enabled && reg > isa::Reg::X30) {
      fail(what.at, "with a kernel X0 to X30 can be looked at, as they are at the end of the thread's text");
    }
    Term t;
    t.constant = false;
    const char letter = static_cast<char>(what.text.front() | 0x20);
    if (isa::is_vector(reg)) {
      t.bits = letter == 'd' ? 64 : letter == 's' ? 32 : letter == 'h' ? 16 : letter == 'b' ? 8 : 128;
    } else if (reg >= isa::Reg::N && reg <= isa::Reg::V) {
      t.bits = 1;
    } else {
      t.bits = letter == 'w' ? 32 : 64;
    }
    const u8 size = isa::is_vector(reg) ? 16 : 8;
    const std::string label = fmt::format("{}.{}", owner.text, isa::name(reg));
    t.observed = scenario_.observe({Observed::Kind::Register, thread, reg, 0, size, label});
    return t;
  }

  Term memory() {
    const Token location = token_;
    if (location.kind != Token::Kind::Word) fail(location.at, unexpected("a location"));
    const MemoryLocation* m = scenario_.find_memory(location.text);
    if (m == nullptr) {
      fail(location.at, fmt::format("{} is neither a location nor a thread{}", scenarios::quoted(location.text),
                                    suggestion(location.text, location_names(scenario_))));
    }
    advance();
    u64 index = 0;
    std::string label = m->name;
    if (accept("[")) {
      const std::size_t at = token_.at;
      const Value n = number();
      if (n.hi != 0 || n.lo >= m->count) {
        fail(at, fmt::format("{} has {} element{}, numbered from 0", m->name, m->count,
                             m->count == 1 ? "" : "s"));
      }
      index = n.lo;
      label += fmt::format("[{}]", index);
      expect("]");
    }
    Term t;
    t.constant = false;
    t.bits = 8u * m->element;
    t.observed = scenario_.observe(
        {Observed::Kind::Memory, 0, isa::Reg::None, m->address + index * m->element, m->element, label});
    return t;
  }

  const ConditionText& source_;
  std::string_view text_;
  Scenario& scenario_;
  Problems& problems_;
  Token token_;
  std::size_t next_ = 0;
  unsigned nesting_ = 0;
};

}  // namespace

Condition parse_condition(const ConditionText& source, Scenario& scenario, Problems& problems) {
  try {
    return ConditionParser(source, scenario, problems).condition();
  } catch (const Stop&) {
    return {};
  }
}

Condition parse_state(const ConditionText& source, Scenario& scenario, Problems& problems,
                      std::vector<unsigned>& named) {
  try {
    return ConditionParser(source, scenario, problems).state(named);
  } catch (const Stop&) {
    return {};
  }
}

void parse_observed(const ConditionText& source, Scenario& scenario, Problems& problems) {
  try {
    ConditionParser(source, scenario, problems).observed();
  } catch (const Stop&) {
    return;
  }
}

}  // namespace isobar::scenarios
