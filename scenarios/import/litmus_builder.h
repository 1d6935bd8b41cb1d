// Turns a parsed test into a program; behind build_litmus(). What is laid out in memory is in litmus_program.cpp, what is
// observed and asked in litmus_items.cpp, what is about memory tags in litmus_tags.cpp.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/import/litmus_code.h"
#include "scenarios/import/litmus_descriptor.h"
#include "scenarios/import/litmus_options.h"
#include "scenarios/import/litmus_program.h"

namespace isobar::scenarios {

/// A constant of the test as a number. Addresses count with all their bits whatever type receives them.
struct LitmusConstant {
  u64 value = 0;
  bool exact = false;
};

/// Builds one program.
class LitmusBuilder {
 public:
  LitmusBuilder(const LitmusTest& test, const LitmusOptions& options) : test_(test), options_(options) {}

  LitmusProgram build();

 private:
  Location at(LitmusPosition w) const { return {test_.file, w.line, w.column}; }
  [[noreturn]] void wrong(LitmusPosition w, const std::string& message) const {
    throw InputError(Diagnostic{at(w), message});
  }
  [[noreturn]] void unsupported(LitmusPosition w, const std::string& why) const {
    throw UnsupportedError(at(w), why);
  }

  unsigned threads() const {
    return static_cast<unsigned>(
        std::count_if(test_.threads.begin(), test_.threads.end(), [](const auto& t) { return !t.handler; }));
  }
  u64 code_base(unsigned thread) const { return kLitmusCode + thread * kLitmusCodeStride; }
  /// Where column `t` starts: a handler stands in the exception vectors of its thread.
  u64 start(const LitmusThread& t) const;
  bool has_handler(unsigned thread) const { return handler_words_.count(thread) != 0; }
  bool starts_at_el1(unsigned thread) const;

  void check_threads() const;
  void place_labels();
  void declare_locations();
  void declare_registers();
  void assemble();
  void check_instruction(u32 word, const LitmusInstruction& i, bool in_handler, bool handled);
  void lay_out_pages();
  void lay_out();
  void lay_out_handler(unsigned thread);
  void watch_faults();
  bool stops_on_fault(unsigned thread) const;

  LitmusSymbol& symbol(const std::string& name);
  void initialise(const LitmusSymbol& s, const LitmusDeclaration& d);
  void store(const LitmusSymbol& s, u32 element, const LitmusValue& v);
  isa::Reg register_of(const LitmusPlace& place) const;
  Value register_value(const LitmusDeclaration& d, isa::Reg reg);
  LitmusConstant constant(const LitmusValue& v);
  void check_thread(const LitmusPlace& place) const;

  u32 item(const LitmusPlace& place);
  u32 new_item(LitmusItem i, const trace::Observable& first);
  u32 register_item(const LitmusPlace& place);
  u32 memory_item(const LitmusPlace& place, bool whole_array);
  u32 fault_item(const LitmusPlace& place);
  u32 tag_item(const LitmusPlace& place);
  u64 tag_of(const std::string& name, LitmusPosition where) const;
  u64 tag_address(const LitmusPlace& place);
  u64 tag_mask(const LitmusValue& list);
  void initialise_tag(const LitmusDeclaration& d);
  isa::Reg tag_fault_status(unsigned thread) const;
  bool has_sticky_faults(unsigned thread) const;
  void print(u32 index);
  LitmusTerm term(const LitmusProposition& q, bool printed);
  LitmusTerm equality(const LitmusProposition& q);

  const LitmusTest& test_;
  const LitmusOptions& options_;
  LitmusProgram p_;
  LitmusLabels labels_;
  LitmusMachine machine_;
  std::map<std::string, LitmusSymbol> symbols_;      ///< addresses are given when first asked for
  std::map<std::string, std::vector<u8>> contents_;  ///< of initialised symbols
  std::map<std::pair<unsigned, isa::Reg>, LitmusType> register_types_;
  std::vector<std::vector<u32>> words_;  ///< per thread
  std::map<unsigned, std::vector<u32>> handler_words_;
  std::vector<u64> jumped_to_;           ///< addresses that indirect branches may reach
  u64 next_data_ = kLitmusData;
  u64 next_table_ = kLitmusTables;
  bool indirect_branches_ = false;
  bool needs_el1_ = false;
};

}  // namespace isobar::scenarios
