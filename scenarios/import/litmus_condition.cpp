// What follows the code of a litmus test: locations, filter, the final condition.
#include <fmt/format.h>

#include <utility>

#include "scenarios/import/litmus_parser.h"

namespace isobar::scenarios {
namespace {

bool is_final_keyword(std::string_view w) {
  return w == "exists" || w == "forall" || w == "locations" || w == "filter" || w == "observed";
}

}  // namespace

bool LitmusParser::at_final_part() const {
  return s_.at_end() || s_.peek() == '~' || is_final_keyword(s_.peek_word());
}

LitmusPlace LitmusParser::fault(LitmusPosition where) {
  LitmusPlace p;
  p.kind = LitmusPlace::Kind::Fault;
  p.where = where;
  s_.skip_blank();
  s_.expect('(', "'(' after fault");
  s_.skip_blank();
  const int thread = litmus_thread_number(s_.peek_word());
  if (thread < 0) s_.fail(fmt::format("expected a thread such as P0, found {}", s_.here()));
  s_.word();
  p.thread = static_cast<unsigned>(thread);
  s_.skip_blank();
  if (s_.accept(':')) {
    s_.skip_blank();
    p.name = s_.word(true);
    if (p.name.empty()) s_.fail(fmt::format("expected a label, found {}", s_.here()));
    s_.skip_blank();
  }
  while (s_.accept(',')) {
    std::string detail;
    for (s_.skip_blank(); s_.peek() != ',' && s_.peek() != ')'; s_.skip_blank()) {
      if (s_.at_end() || s_.peek() == ';')
        s_.fail(fmt::format("expected ')' after fault(..., found {}", s_.here()));
      detail += s_.take();
    }
    p.details.push_back(std::move(detail));
  }
  s_.expect(')', "')' after fault(...");
  return p;
}

void LitmusParser::locations() {
  s_.skip_blank();
  s_.expect('[', "'[' after locations");
  while (true) {
    s_.skip_blank();
    if (s_.accept(']')) break;
    if (s_.accept(';') || s_.accept(',')) continue;
    test_.locations.push_back(place());
    s_.skip_blank();
    if (s_.peek() != ';' && s_.peek() != ',' && s_.peek() != ']') {
      s_.fail(fmt::format("expected ';' or ']' after a location, found {}", s_.here()));
    }
  }
}

void LitmusParser::final_part() {
  bool seen = false;
  for (s_.skip_blank(); !s_.at_end(); s_.skip_blank()) {
    if (s_.accept(';')) continue;
    const LitmusPosition where = s_.position();
    const bool negated = s_.accept('~');
    if (negated) s_.skip_blank();
    const std::string_view w = s_.peek_word();
    if (w == "observed") s_.fail("'observed' lists are not read: expected exists, ~exists or forall");
    if (!negated && w == "locations") {
      s_.word();
      locations();
    } else if (!negated && w == "filter") {
      s_.word();
      test_.filter = implication(0);
    } else if (w == "exists" || (w == "forall" && !negated)) {
      if (seen) s_.fail(where, "a second final condition");
      seen = true;
      test_.quantifier = negated         ? LitmusQuantifier::NotExists
                         : w == "exists" ? LitmusQuantifier::Exists
                                         : LitmusQuantifier::ForAll;
      s_.word();
      test_.condition = implication(0);
    } else {
      s_.fail(fmt::format(
          "expected exists, ~exists, forall, locations, filter or the end of the file, found {}", s_.here()));
    }
  }
}

LitmusProposition LitmusParser::implication(unsigned depth) {
  LitmusProposition left = chain(depth, LitmusProposition::Kind::Or);
  s_.skip_blank();
  if (!s_.accept("=>")) return left;
  LitmusProposition p;
  p.kind = LitmusProposition::Kind::Implies;
  p.parts.push_back(std::move(left));
  p.parts.push_back(implication(depth + 1));
  return p;
}

LitmusProposition LitmusParser::chain(unsigned depth, LitmusProposition::Kind kind) {
  const bool is_or = kind == LitmusProposition::Kind::Or;
  LitmusProposition p;
  p.kind = kind;
  do {
    p.parts.push_back(is_or ? chain(depth, LitmusProposition::Kind::And) : negation(depth));
    s_.skip_blank();
  } while (s_.accept(is_or ? "\\/" : "/\\"));
  if (p.parts.size() > 1) return p;
  LitmusProposition only = std::move(p.parts.front());
  return only;
}

LitmusProposition LitmusParser::negation(unsigned depth) {
  s_.skip_blank();
  const bool word = s_.peek_word() == "not";
  if (!word && s_.peek() != '~') return atom(depth);
  if (depth > kMaxDepth) s_.fail("the condition is nested too deeply");
  word ? void(s_.word()) : void(s_.take());
  LitmusProposition p;
  p.kind = LitmusProposition::Kind::Not;
  p.parts.push_back(negation(depth + 1));
  return p;
}

LitmusProposition LitmusParser::atom(unsigned depth) {
  if (depth > kMaxDepth) s_.fail("the condition is nested too deeply");
  if (s_.accept('(')) {
    LitmusProposition inner = implication(depth + 1);
    s_.skip_blank();
    s_.expect(')', "/\\, \\/ or ')'");
    return inner;
  }
  LitmusProposition p;
  if (s_.peek_word() == "true" || s_.peek_word() == "false") {
    p.kind = s_.word() == "true" ? LitmusProposition::Kind::True : LitmusProposition::Kind::False;
    return p;
  }
  p.place = place();
  if (p.place.kind == LitmusPlace::Kind::Fault) {
    p.kind = LitmusProposition::Kind::Fault;
    return p;
  }
  p.kind = LitmusProposition::Kind::Equal;
  s_.skip_blank();
  const bool differs = s_.accept("!=") || s_.accept("<>");
  if (!differs && !s_.accept("==")) s_.expect('=', "=, != or <> after a register or location");
  p.value = value(0);
  if (!differs) return p;
  LitmusProposition negated;
  negated.kind = LitmusProposition::Kind::Not;
  negated.parts.push_back(std::move(p));
  return negated;
}

}  // namespace isobar::scenarios
