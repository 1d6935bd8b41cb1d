#include "isa/register.h"

#include <array>
#include <cctype>
#include <string>

namespace isobar::isa {
namespace {

constexpr SystemRegister kSystemRegisters[] = {
#define X(reg, op0, op1, crn, crm, op2, read_el, write_el) \
  {Reg::reg, #reg, op0, op1, crn, crm, op2, read_el, write_el},
    ISOBAR_SYSTEM_REGISTERS(X)
#undef X
};

std::array<std::string, 256> make_names() {
  std::array<std::string, 256> names;
  for (unsigned i = 0; i < 31; ++i) names[i] = "X" + std::to_string(i);
  names[index(Reg::XZR)] = "XZR";
  names[index(Reg::SP)] = "SP";
  names[index(Reg::N)] = "N";
  names[index(Reg::Z)] = "Z";
  names[index(Reg::C)] = "C";
  names[index(Reg::V)] = "V";
  for (unsigned i = 0; i < 6; ++i) names[index(uop_result(i))] = "U" + std::to_string(i);
  names[index(Reg::SP_EL1)] = "SP_EL1";
  for (unsigned i = 0; i < 32; ++i) names[index(v_reg(i))] = "V" + std::to_string(i);
  for (const SystemRegister& s : kSystemRegisters) names[index(s.reg)] = s.name;
  names[index(Reg::None)] = "none";
  return names;
}

const std::array<std::string, 256>& names() {
  static const std::array<std::string, 256> table = make_names();
  return table;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::toupper(static_cast<unsigned char>(a[i])) != std::toupper(static_cast<unsigned char>(b[i])))
      return false;
  }
  return true;
}

/// The number after a one-letter prefix: "0" to "31" without leading zeros; 32 if it is not one.
unsigned register_number(std::string_view digits) {
  if (digits.empty() || digits.size() > 2 || (digits.size() == 2 && digits[0] == '0')) return 32;
  unsigned n = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return 32;
    n = 10 * n + static_cast<unsigned>(c - '0');
  }
  return n < 32 ? n : 32;
}

}  // namespace

std::string_view name(Reg r) {
  return names()[index(r)];
}

Reg parse_register(std::string_view text) {
  if (text.empty()) return Reg::None;
  const unsigned n = register_number(text.substr(1));
  if (n < 32) {
    switch (std::toupper(static_cast<unsigned char>(text[0]))) {
      case 'X':
      case 'W': return n < 31 ? x_reg(n) : Reg::None;
      case 'V':
      case 'Q':
      case 'D':
      case 'S':
      case 'H':
      case 'B': return v_reg(n);
      default: break;
    }
  }
  if (equal_ignoring_case(text, "LR")) return Reg::X30;
  if (equal_ignoring_case(text, "WSP")) return Reg::SP;
  if (equal_ignoring_case(text, "WZR")) return Reg::XZR;
  for (unsigned i = 0; i < kNumRegs; ++i) {
    if (!names()[i].empty() && equal_ignoring_case(text, names()[i])) return static_cast<Reg>(i);
  }
  return Reg::None;
}

const SystemRegister* find_system_register(unsigned op0, unsigned op1, unsigned crn, unsigned crm,
                                           unsigned op2) {
  for (const SystemRegister& s : kSystemRegisters) {
    if (s.op0 == op0 && s.op1 == op1 && s.crn == crn && s.crm == crm && s.op2 == op2) return &s;
  }
  return nullptr;
}

const SystemRegister* find_system_register(Reg r) {
  if (!is_system(r)) return nullptr;
  return &kSystemRegisters[index(r) - index(Reg::FirstSystem)];
}

}  // namespace isobar::isa
