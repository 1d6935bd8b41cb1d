// The translation of one thread.
#pragma once

#include "scenarios/mapping/mapping_expand.h"
#include "scenarios/mapping/translate.h"

namespace isobar::scenarios {

class ThreadTranslator {
 public:
  ThreadTranslator(const X86Program& x, const Mapping& mapping, unsigned thread, Translation& out);
  void run();

 private:
  using Kind = X86Operand::Kind;

  void one(u32 index);
  void memory_operation(const X86Instruction& i);
  void load_operation(const X86Instruction& i);
  void store_operation(const X86Instruction& i);
  void plain_rmw(const X86Instruction& i);
  void locked_rmw(const X86Instruction& i);
  void compare_exchange(const X86Instruction& i);
  void compare_exchange_16(const X86Instruction& i);
  void vector(const X86Instruction& i);
  void push_or_pop(const X86Instruction& i);
  void copy(const X86Instruction& i);
  void local(const X86Instruction& i);
  void local_exchange(const X86Instruction& i);
  void jump(const X86Instruction& i);
  void select(const X86Instruction& i);

  /// `result` := old OP other, with flags if they are wanted; all host registers.
  void compute(const X86Instruction& i, const std::string& result, const std::string& old,
               const std::string& other, bool flags);
  void flags_of_sum(const X86Instruction& i, const std::string& a, const std::string& b, const char* op);
  void flags_of_value(unsigned size, const std::string& value);
  std::string other_operand(const X86Instruction& i);

  void emit(std::string text);
  void sequence(const std::string& operation, unsigned size, MappingValues values);
  bool has(const std::string& operation, unsigned size) const {
    return mapping_.find(operation, size) != nullptr;
  }
  void barrier(const std::optional<MappingLine>& line);
  void merge_barriers(std::size_t from);

  std::string address(const X86Operand& m, unsigned scratch);
  std::string symbol_register(const std::string& symbol);
  void constant(unsigned reg, unsigned size, u64 value);
  std::string value(const X86Operand& o, unsigned size, unsigned scratch);
  void write(const X86Operand& o, const std::string& from, unsigned from_number);
  std::string fresh_label();
  std::string condition(const X86Instruction& i) const;
  bool wants_flags(u32 index) const;
  void load_to(unsigned reg, unsigned size, const std::string& address);
  void store_from(const std::string& reg, unsigned size, const std::string& address);

  // Places of the stores of a block, for barriers that depend on them.
  void find_last_stores();
  bool counts_as_store(const X86Instruction& i) const;
  void before_store();
  void after_store();
  void end_of_block();

  [[noreturn]] void unsupported(const X86Instruction& i, const std::string& why) const;

  const X86Program& x_;
  const Mapping& mapping_;
  unsigned thread_;
  const std::vector<X86Instruction>& code_;
  Translation& out_;
  LitmusThread& t_;
  LitmusPosition where_;
  u32 index_ = 0;
  unsigned expansions_ = 0;
  std::map<std::string, unsigned> symbols_;
  std::vector<bool> last_store_;
  unsigned stores_ = 0;  ///< of the block so far; as the translator counts them
};

}  // namespace isobar::scenarios
