#include "tests/mutation/witness.h"

namespace isobar {
namespace {

using Threads = std::vector<std::string>;
using model::TsoFlavour;

constexpr u64 kNop = 0xd503201f;
constexpr u64 kStore = 0xb9000280;  // str w0, [x20]

// x = 1, then y = 1.
const std::string kPublish = "mov w0, #1\n str w0, [x20]\n dmb sy\n str w0, [x21]\n";
// Reads y, then x.
const std::string kObserve = "ldr w1, [x21]\n dmb sy\n ldr w2, [x20]\n";
// Reads y, then x = 1.
const std::string kEcho = "ldr w2, [x21]\n dmb sy\n mov w0, #1\n str w0, [x20]\n";
// W3 tells whether the instruction at `patch` was replaced by NOP.
const std::string kPatch = "patch: b skip\n mov w3, #1\n skip:\n";
const std::string kReplace = "str w18, [x19]\n";
const std::string kSynchronise = "dsb sy\n ic ivau, x19\n dsb sy\n isb\n";

/// MP: does a reader see y = 1 and x = 0?
Witness reader(const std::string& name, const std::string& text) {
  return {"MP+dmb.sy+" + name, {kPublish, text}, {"1:X1", "1:X2"}};
}
Witness writer(const std::string& name, const std::string& between) {
  return {"MP+" + name + "+dmb.sy", {"mov w0, #1\n str w0, [x20]\n " + between + "\n", kObserve}, {"1:X1", "1:X2"}};
}
/// LB: does a thread read x = 1 before its y = 1 is seen?
Witness early_store(const std::string& name, const std::string& text) {
  return {"LB+" + name + "+dmb.sy", {"mov w0, #1\n ldr w1, [x20]\n" + text, kEcho}, {"0:X1", "1:X2", "y"}};
}
/// SB: `text` is x = 1, then reads y into W1; the other thread swaps x and y.
Witness store_buffer(const std::string& name, const std::string& text, unsigned tso = 0,
                     TsoFlavour flavour = TsoFlavour::T1) {
  std::string other = text;
  for (std::size_t at = 0; (at = other.find("x2", at)) != std::string::npos; at += 3) {
    if (other[at + 2] == '0' || other[at + 2] == '1') other[at + 2] = other[at + 2] == '0' ? '1' : '0';
  }
  return {"SB+" + name, {"mov w0, #1\n" + text, "mov w0, #1\n" + other}, {"0:X1", "1:X1"}, tso, flavour};
}
Witness tso(Witness w, unsigned mask) {
  w.name += ", TSO";
  w.tso = mask;
  return w;
}

void dependencies(std::vector<Witness>& out) {
  out.push_back(reader("addr", "ldr w1, [x21]\n eor w3, w1, w1\n ldr w2, [x20, w3, uxtw]\n"));
  out.push_back(early_store("addr", "eor w3, w1, w1\n str w0, [x21, w3, uxtw]\n"));
  out.push_back(early_store("data", "eor w3, w1, w1\n add w3, w3, #1\n str w3, [x21]\n"));
  out.push_back(early_store("ctrl", "cbnz w1, next\n next: str w0, [x21]\n"));
  out.push_back(early_store("addr-po", "eor w3, w1, w1\n ldr w4, [x22, w3, uxtw]\n str w0, [x21]\n"));
  out.push_back(early_store("pick.addr-po", "cmp w1, #0\n csel x3, x22, x22, eq\n ldr w4, [x3]\n str w0, [x21]\n"));
  out.push_back(early_store("fault-po", "msr tpidr_el0, x1\n mov x5, #0x4000\n ldr x6, [x5]\n str w0, [x21]\n"));
  out.push_back(early_store("undefined-po", "msr tpidr_el0, x1\n mrs x6, actlr_el1\n str w0, [x21]\n"));
  out.push_back(early_store("pick.data", "cmp w1, #0\n csel w3, w0, w0, eq\n str w3, [x21]\n"));
  out.push_back(early_store("pick.addr", "cmp w1, #0\n csel x3, x21, x21, eq\n str w0, [x3]\n"));
  out.push_back(early_store("pick.ctrl", "cmp w1, #0\n csel w3, w0, w0, eq\n cbnz w3, next\n next: str w0, [x21]\n"));
  out.push_back(early_store("cas.condition", "eor w3, w1, w1\n cas w3, w0, [x21]\n"));
  out.push_back(early_store("stxr.condition", "ldxr w4, [x21]\n eor w3, w1, w1\n add w3, w3, #1\n stxr w5, w3, [x21]\n"));
  out.push_back(early_store("pick.data-rfi-acq-po",
                            "cmp w1, #0\n csel w3, w0, w0, eq\n str w3, [x22]\n ldar w4, [x22]\n str w0, [x21]\n"));
  out.push_back(early_store("pick.addr-rfi-acq-po",
                            "cmp w1, #0\n csel x3, x22, x22, eq\n str w0, [x3]\n ldar w4, [x22]\n str w0, [x21]\n"));
  out.push_back(early_store("pick.data-rfi-data",
                            "cmp w1, #0\n csel w3, w0, w0, eq\n str w3, [x22]\n ldr w4, [x22]\n str w4, [x21]\n"));
  out.push_back(early_store("amo.rfi-data", "ldadd w0, w5, [x22]\n ldr w6, [x22]\n str w6, [x21]\n"));
  out.push_back(reader("data-rfi-acq", "ldr w1, [x21]\n str w1, [x22]\n ldar w3, [x22]\n ldr w2, [x20]\n"));
  out.push_back(reader("addr-rfi-acq", "ldr w1, [x21]\n eor w3, w1, w1\n str wzr, [x22, w3, uxtw]\n ldar w4, [x22]\n"
                                       "ldr w2, [x20]\n"));
  out.push_back({"LDADD-rfi-dmb.ld", {"mov w0, #1\n stadd w0, [x20]\n ldr w1, [x20]\n dmb ld\n ldr w2, [x21]\n",
                                      "mov w0, #1\n str w0, [x21]\n dmb sy\n mov w1, #10\n str w1, [x20]\n"},
                 {"0:X1", "0:X2"}});
  out.push_back({"LDADD-rfi-addr", {"mov w0, #1\n ldadd w0, w5, [x20]\n ldr w1, [x20]\n eor w3, w1, w1\n"
                                    "ldr w2, [x21, w3, uxtw]\n",
                                    "mov w0, #1\n str w0, [x21]\n dmb sy\n mov w1, #10\n str w1, [x20]\n"},
                 {"0:X1", "0:X2", "0:X5"}});
}

void barriers(std::vector<Witness>& out) {
  out.push_back(reader("acq", "ldar w1, [x21]\n ldr w2, [x20]\n"));
  out.push_back(reader("acqpc", "ldapr w1, [x21]\n ldr w2, [x20]\n"));
  out.push_back(reader("dmb.ld", "ldr w1, [x21]\n dmb ld\n ldr w2, [x20]\n"));
  out.push_back(reader("dsb.ld", "ldr w1, [x21]\n dsb ld\n ldr w2, [x20]\n"));
  out.push_back({"MP+dmb.sy+swp.noreturn-dmb.ld", {kPublish, "mov w5, #2\n swp w5, wzr, [x21]\n dmb ld\n ldr w2, [x20]\n"},
                 {"1:X2", "y"}});
  out.push_back(writer("rel", "stlr w0, [x21]"));
  out.push_back(writer("dmb.st", "dmb st\n str w0, [x21]"));
  out.push_back(early_store("rel", "stlr w0, [x21]\n"));
  out.push_back(store_buffer("dmb.sy", "str w0, [x20]\n dmb sy\n ldr w1, [x21]\n"));
  out.push_back(store_buffer("dsb.sy", "str w0, [x20]\n dsb sy\n ldr w1, [x21]\n"));
  out.push_back(store_buffer("dsb.st", "str w0, [x20]\n dsb st\n ldr w1, [x21]\n"));
  out.push_back({"SB+swpal+dmb.sy", {"mov w0, #1\n str w0, [x20]\n swpal w0, w3, [x22]\n ldr w1, [x21]\n",
                                     "mov w0, #1\n str w0, [x21]\n dmb sy\n ldr w1, [x20]\n"},
                 {"0:X1", "1:X1"}});
  out.push_back(store_buffer("rel-acq", "stlr w0, [x20]\n ldar w1, [x21]\n"));
  out.push_back(store_buffer("rel-acqpc", "stlr w0, [x20]\n ldapr w1, [x21]\n"));
  out.push_back(reader("ctrl-isb", "ldr w1, [x21]\n cbnz w1, next\n next: isb\n ldr w2, [x20]\n"));
  out.push_back(reader("addr-isb", "ldr w1, [x21]\n eor w3, w1, w1\n ldr w4, [x22, w3, uxtw]\n isb\n ldr w2, [x20]\n"));
  out.push_back(reader("isb", "ldr w1, [x21]\n isb\n ldr w2, [x20]\n"));
  out.push_back(reader("msr-isb", "ldr w1, [x21]\n msr tpidr_el0, x1\n isb\n ldr w2, [x20]\n"));
  out.push_back(reader("swp-rfi-acq", "mov w5, #2\n swp w5, w1, [x21]\n ldar w7, [x21]\n ldr w2, [x20]\n"));
}

void coherence(std::vector<Witness>& out) {
  out.push_back({"CoWW", {"mov w0, #1\n str w0, [x20]\n mov w1, #2\n str w1, [x20]\n"}, {"x"}});
  out.push_back({"CoRW", {"ldr w1, [x20]\n mov w0, #1\n str w0, [x20]\n"}, {"0:X1", "x"}});
  out.push_back({"CoRR", {"mov w0, #1\n str w0, [x20]\n", "ldr w1, [x20]\n ldr w2, [x20]\n"}, {"1:X1", "1:X2"}});
  out.push_back({"CoRR, other bytes", {"mov w0, #1\n strh w0, [x20, #2]\n dmb sy\n str w0, [x22]\n",
                                       "ldr w1, [x22]\n eor w3, w1, w1\n ldrh w2, [x20, w3, uxtw]\n ldr w4, [x20]\n"},
                 {"1:X1", "1:X4"}});
  out.push_back({"CoWR, late address", {"mov w0, #1\n ldr w1, [x21]\n eor w3, w1, w1\n str w0, [x20, w3, uxtw]\n"
                                        "ldr w2, [x20]\n"}, {"0:X2"}});
  out.push_back({"two LDADD", {"mov w0, #1\n ldadd w0, w1, [x20]\n", "mov w0, #1\n ldadd w0, w1, [x20]\n"},
                 {"0:X1", "1:X1", "x"}});
  out.push_back({"SWP of its own", {"mov w0, #1\n swp w0, w1, [x20]\n"}, {"0:X1"}});
  out.push_back({"two LDXR STXR", {"ldxr w1, [x20]\n add w2, w1, #1\n stxr w3, w2, [x20]\n",
                                   "ldxr w1, [x20]\n add w2, w1, #1\n stxr w3, w2, [x20]\n"},
                 {"0:X3", "1:X3", "x"}});
  out.push_back({"LDXR STR STXR", {"ldxr w1, [x20]\n mov w2, #5\n str w2, [x20]\n mov w3, #6\n stxr w4, w3, [x20]\n",
                                   "mov w0, #9\n swp w0, w1, [x20]\n"},
                 {"0:X1", "0:X4", "1:X1", "x"}});
  out.push_back({"STR of 8 bytes", {"mov x0, #-1\n str x0, [x20]\n", "ldr x1, [x20]\n"}, {"1:X1"}});
  out.push_back({"LDR over STRB", {"mov w0, #1\n strb w0, [x20]\n ldr w1, [x20]\n", "mov w5, #0x202\n strh w5, [x20]\n"},
                 {"0:X1", "x"}});
  out.push_back({"LDR over STRB, rest", {"mov w0, #1\n strb w0, [x20]\n ldr w1, [x20]\n", "mov w5, #2\n strb w5, [x20, #1]\n"
                                         "dmb sy\n ldr w6, [x20]\n"},
                 {"0:X1", "1:X6"}});
}

void tso_cores(std::vector<Witness>& out) {
  const Witness plain{"MP", {"mov w0, #1\n str w0, [x20]\n str w0, [x21]\n", "ldr w1, [x21]\n ldr w2, [x20]\n"},
                      {"1:X1", "1:X2"}};
  out.push_back(plain);
  out.push_back(tso(writer("po", "str w0, [x21]"), 1));
  out.push_back(tso(reader("po", "ldr w1, [x21]\n ldr w2, [x20]\n"), 2));
  out.push_back(tso(early_store("po", "str w0, [x21]\n"), 1));
  out.push_back(store_buffer("po-acq, TSO T2", "str w0, [x20]\n ldar w1, [x21]\n", 3, TsoFlavour::T2));
  out.push_back(store_buffer("swp-po, TSO T3", "swp w0, w3, [x20]\n ldr w1, [x21]\n", 3, TsoFlavour::T3));
  out.push_back(store_buffer("po-swp, TSO T3", "str w0, [x20]\n swp w0, w1, [x21]\n", 3, TsoFlavour::T3));
}

void maintenance(std::vector<Witness>& out) {
  const auto add = [&](const std::string& name, const Threads& threads, const std::vector<std::string>& observed) {
    out.push_back({name, threads, observed});
  };
  const std::vector<std::string> read_and_run{"1:X1", "1:X3"};
  const std::string replace_first = kReplace + "dmb sy\n mov w0, #1\n str w0, [x21]\n";
  const std::string clean_first = kReplace + "dc cvau, x19\n dsb sy\n mov w0, #1\n str w0, [x21]\n";
  add("SM", {kReplace + "dc cvau, x19\n" + kSynchronise + kPatch}, {"0:X3"});
  add("SM, no IC", {kReplace + "dc cvau, x19\n dsb sy\n isb\n" + kPatch}, {"0:X3"});
  add("SM, no DC", {kReplace + kSynchronise + kPatch}, {"0:X3"});
  out.push_back({"SM, IDC", {kReplace + kSynchronise + kPatch}, {"0:X3"}});
  out.back().idc = true;
  out.push_back({"SM, DIC", {kReplace + "dsb sy\n isb\n" + kPatch}, {"0:X3"}});
  out.back().idc = out.back().dic = true;
  const std::string everywhere = kReplace + "dc cvau, x19\n dsb sy\n ic % \n dsb sy\n mov w0, #1\n str w0, [x21]\n";
  const auto broadcast = [&](std::string ic) {
    std::string text = everywhere;
    return text.replace(text.find('%'), 1, ic);
  };
  const std::string run = "ldr w1, [x21]\n cbnz w1, next\n next: isb\n" + kPatch;
  add("MP, IC IVAU", {broadcast("ivau, x19"), run}, read_and_run);
  out.push_back({"MP, IC IALLUIS", {broadcast("ialluis"), run}, read_and_run});
  out.back().el = 1;
  out.push_back({"MP, IC IALLU", {broadcast("iallu"), run}, read_and_run});
  out.back().el = 1;
  add("MP+dmb+dmb, other DC", {replace_first, "ldr w1, [x21]\n dmb sy\n dc cvau, x19\n" + kSynchronise + kPatch}, read_and_run);
  add("MP+dmb+dsb, other DC", {replace_first, "ldr w1, [x21]\n dsb sy\n dc cvau, x19\n" + kSynchronise + kPatch}, read_and_run);
  add("MP+dmb+addr, other DC", {replace_first, "ldr w1, [x21]\n eor w4, w1, w1\n add x4, x19, w4, uxtw\n dc cvau, x4\n" +
                                                   kSynchronise + kPatch}, read_and_run);
  add("MP+dmb+pick, other DC", {replace_first, "ldr w1, [x21]\n cmp w1, #0\n csel x4, x19, x19, eq\n dc cvau, x4\n" +
                                                   kSynchronise + kPatch}, read_and_run);
  add("MP+dmb+ctrl, other DC", {replace_first, "ldr w1, [x21]\n cbnz w1, next\n next: dc cvau, x19\n" +
                                                   kSynchronise + kPatch}, read_and_run);
  add("MP+dsb+ctrl, other IC", {clean_first, "ldr w1, [x21]\n cbnz w1, next\n next: ic ivau, x19\n dsb sy\n isb\n" + kPatch},
      read_and_run);
  add("MP+dsb+dmb, other IC", {clean_first, "ldr w1, [x21]\n dmb sy\n ic ivau, x19\n dsb sy\n isb\n" + kPatch},
      read_and_run);
  add("MP+dc-dmb+dsb, other IC", {kReplace + "dc cvau, x19\n dmb sy\n mov w0, #1\n str w0, [x21]\n",
                                  "ldr w1, [x21]\n" + kSynchronise + kPatch}, read_and_run);
  add("read code, then DC", {kReplace, "ldr w1, [x19]\n dc cvau, x19\n" + kSynchronise + kPatch}, read_and_run);
  add("read code late, then DC", {kReplace + "dmb sy\n mov w0, #1\n str w0, [x21]\n",
                                  "ldr w4, [x21]\n eor w4, w4, w4\n ldr w1, [x19, w4, uxtw]\n dc cvau, x19\n" +
                                      kSynchronise + kPatch}, read_and_run);
  out.push_back(reader("ctrl-dc-po", "ldr w1, [x21]\n cbnz w1, next\n next: dc cvau, x20\n ldr w2, [x20]\n"));
  out.push_back(reader("addr-dc-po", "ldr w1, [x21]\n eor w3, w1, w1\n add x3, x20, w3, uxtw\n dc cvau, x3\n ldr w2, [x20]\n"));
  out.push_back(early_store("pick-dc-po", "cmp w1, #0\n csel x3, x21, x21, eq\n dc cvau, x3\n str w0, [x21]\n"));
  out.push_back(early_store("addr-dc-po", "eor w3, w1, w1\n add x3, x21, w3, uxtw\n dc cvau, x3\n str w0, [x21]\n"));
  // The instruction at `second` is replaced after the one at `patch`; W1 and W3 tell which were seen.
  const std::string run_second = "second: b patch\n mov w1, #1\n" + kPatch;
  const std::string replace_second = "str w18, [x17]\n";
  add("MP.FF", {kReplace + "dc cvau, x19\n dsb sy\n ic ivau, x19\n dsb sy\n" + replace_second, run_second}, read_and_run);
  out.push_back({"MP.FF, DIC", {kReplace + "dmb sy\n" + replace_second, run_second}, read_and_run});
  out.back().idc = out.back().dic = true;
  const std::string replace_late = "ldr w1, [x20]\n eor w4, w1, w1\n";
  add("LB.F+addr", {kPatch + "str w3, [x20]\n", replace_late + "str w18, [x19, w4, uxtw]\n"}, {"0:X3", "1:X1"});
  add("LB.F, new store+addr", {"mov w0, #1\n patch: nop\n", replace_late + "str w16, [x19, w4, uxtw]\n"}, {"1:X1"});
  Witness sgi{"store, DSB, SGI", {"mov w0, #1\n mov x4, #2\n str w0, [x20]\n dsb sy\n msr icc_sgi1r_el1, x4\n", "wfi\n"},
              {"1:X4", "1:X5"}};
  sgi.el = 1;
  sgi.vectors = ".org 0x80\n mrs x4, icc_iar1_el1\n msr icc_eoir1_el1, x4\n ldr w5, [x20]\n eret\n .org 0x800\n nop\n";
  out.push_back(sgi);
}

// Page 0 is made invalid for every core.
const std::string kUnmap = "str xzr, [x25]\n dsb sy\n lsr x9, x23, #12\n tlbi vaae1is, x9\n dsb sy\n";

void page_tables(std::vector<Witness>& out) {
  const auto add = [&](const std::string& name, std::vector<std::string> threads, std::vector<std::string> pages,
                       std::vector<std::string> observed) {
    Witness w{name, std::move(threads), std::move(observed)};
    w.pages = std::move(pages);
    out.push_back(std::move(w));
  };
  add("MP+dsb+dsb-isb, page made valid", {"str x27, [x25]\n dsb sy\n mov w0, #1\n str w0, [x21]\n",
                                          "ldr w1, [x21]\n dsb sy\n isb\n ldr w2, [x23]\n mov w3, #1\n"},
      {"", "y"}, {"1:X1", "1:X3"});
  add("MP+unmap+dsb-isb", {kUnmap + "mov w0, #1\n str w0, [x21]\n",
                           "ldr w1, [x21]\n dsb sy\n isb\n ldr w2, [x23]\n mov w3, #1\n"},
      {"x", "y"}, {"1:X1", "1:X3"});
  add("unmap, then read through another page", {kUnmap + "ldr w1, [x24]\n", "mov w0, #1\n str w0, [x23]\n"},
      {"x", "x"}, {"0:X1", "px"});
  add("CoRR, break before make", {"ldr w1, [x23]\n ldr w2, [x23]\n mov w3, #1\n",
                                  "mov w0, #1\n str w0, [x24]\n dsb sy\n" + kUnmap + "str x28, [x25]\n"},
      {"x", "y"}, {"0:X1", "0:X2", "0:X3"});
}

void memory_tags(std::vector<Witness>& out) {
  using model::TagChecks;
  const auto add = [&](const std::string& name, const Threads& threads, const std::vector<std::string>& observed,
                       TagChecks checks = TagChecks::Synchronous) {
    out.push_back({name, threads, observed});
    out.back().tags = checks;
  };
  // X3 tells whether the thread came to its end: both checks and context synchronisation hold it up.
  const std::string retag = "stg x23, [x23]\n";
  add("LB+tag-po+dmb.sy, retag", {"mov w0, #1\n ldr w1, [x23]\n str w0, [x21]\n mov w3, #1\n",
                                  "ldr w1, [x21]\n dmb sy\n" + retag}, {"0:X3", "1:X1"});
  add("MP+dmb.sy+tag-isb, retag", {"mov w0, #1\n str w0, [x21]\n dmb sy\n" + retag,
                                   "ldr w1, [x23]\n isb\n ldr w2, [x21]\n mov w3, #1\n"}, {"1:X2", "1:X3"});
  add("LB+pick.data-rfi.tag-po+dmb.sy", {"mov w0, #1\n ldr w1, [x20]\n cmp w1, #0\n csel x3, x25, x25, eq\n"
                                         "stg x3, [x22]\n ldr w4, [x25]\n str w0, [x21]\n", kEcho}, {"0:X1", "1:X2", "y"});
  add("MP+rel+dmb.sy, retag, asynchronous", {"mov w0, #1\n stlr w0, [x23]\n mrs x2, tfsr_el1\n",
                                             "ldr w1, [x20]\n dmb sy\n" + retag}, {"0:X2", "1:X1"}, TagChecks::Asynchronous);
  out.back().el = 1;
  add("CoRR, tags", {"ldr w1, [x23]\n ldr w2, [x20]\n mov w3, #1\n", retag}, {"0:X3"});
  add("MP+dmb.sy+po, retag, TSO", {retag + "dmb sy\n mov w0, #1\n str w0, [x21]\n",
                                   "ldr w1, [x21]\n ldr w2, [x23]\n mov w3, #1\n"}, {"1:X1", "1:X3"});
  out.back().tso = 2;
  add("permission before tags", {"mov x5, #0x4000\n orr x5, x5, #0x100000000000000\n ldr w1, [x21]\n cbnz w1, next\n next: ldr w2, [x5]\n",
                                  "mov w0, #1\n str w0, [x21]\n"}, {"0:X6"});
  out.back().vectors = ".org 0x400\n mrs x6, esr_el1\n mrs x7, elr_el1\n add x7, x7, #4\n msr elr_el1, x7\n eret\n"
                       ".org 0x800\n nop\n";
}

}  // namespace

model::Bench Witness::bench() const {
  bool code = false;
  for (const std::string& t : threads) code = code || t.find("patch:") != std::string::npos;
  model::Bench b(threads, code);
  for (unsigned k = 0; k < threads.size(); ++k) {
    b.program.reset[k].el = el;
    b.config.core[k].tso_at_reset = (tso >> k & 1) != 0;
    for (const auto& [label, address] : b.labels) {
      if (label.substr(2) == "second") b.program.reset[k].registers.push_back({isa::x_reg(17), {address, 0}});
      if (label.substr(2) != "patch") continue;
      b.program.reset[k].registers.push_back({isa::x_reg(16), {kStore, 0}});
      b.program.reset[k].registers.push_back({isa::x_reg(18), {kNop, 0}});
      b.program.reset[k].registers.push_back({isa::x_reg(19), {address, 0}});
    }
  }
  b.config.flavour = flavour;
  b.config.idc = idc;
  b.config.dic = dic;
  if (!pages.empty()) b.pages(pages);
  if (!vectors.empty()) b.kernel(vectors);
  if (tags != model::TagChecks::Off) b.tags(tags);
  return b.observe(observed);
}

const std::vector<Witness>& witnesses() {
  static const std::vector<Witness> all = [] {
    std::vector<Witness> w;
    dependencies(w);
    barriers(w);
    coherence(w);
    tso_cores(w);
    maintenance(w);
    page_tables(w);
    memory_tags(w);
    return w;
  }();
  return all;
}

}  // namespace isobar
