// The recursive-descent parser behind parse_litmus(). Its functions are in litmus.cpp (header, initial state,
// code) and litmus_condition.cpp (what follows the code).
#pragma once

#include <utility>

#include "scenarios/import/litmus_scanner.h"

namespace isobar::scenarios {

inline constexpr unsigned kMaxDepth = 128;   ///< nesting of propositions and of value lists
inline constexpr unsigned kMaxThreads = 64;  ///< thread numbers a text may name

/// The number in "P12"; -1 if `w` is not a thread's name.
int litmus_thread_number(std::string_view w);

class LitmusParser {
 public:
  LitmusParser(std::string_view text, const std::string& file) : s_(text, file) { test_.file = file; }

  LitmusTest parse() {
    header();
    init();
    code();
    final_part();
    return std::move(test_);
  }

 private:
  void header();
  void skip_header_blank();
  void init();
  LitmusDeclaration declaration();
  LitmusType type();
  void code();
  void thread_names();
  void row();
  void cell(LitmusThread& t);
  void instruction(LitmusThread& t);
  bool accept_lock_separator(const std::string& so_far);
  bool at_final_part() const;
  void final_part();
  void locations();
  LitmusPlace place();
  LitmusPlace fault(LitmusPosition where);
  void tag_place(LitmusPlace& p);
  LitmusValue value(unsigned depth);
  LitmusValue named_value(LitmusPosition where);
  LitmusValue label_or_instruction(LitmusPosition where, bool is_label);
  LitmusProposition implication(unsigned depth);
  LitmusProposition chain(unsigned depth, LitmusProposition::Kind kind);
  LitmusProposition negation(unsigned depth);
  LitmusProposition atom(unsigned depth);
  void address_offset(LitmusValue& v);

  LitmusScanner s_;
  LitmusTest test_;
};

}  // namespace isobar::scenarios
