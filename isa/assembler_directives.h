// Directives that LLVM must not handle alone: those that read host files, that repeat text, or that emit data
// whose source line we want to know.
#pragma once

#include <llvm/MC/MCParser/MCAsmParser.h>
#include <llvm/MC/MCParser/MCAsmParserExtension.h>
#include <llvm/MC/MCSymbol.h>
#include <llvm/Support/SourceMgr.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "isa/assembler_text.h"

namespace isobar::isa::mc {

/// Where something was emitted: the data fragment that was open (and its length), and the place in the source
/// text. The bytes are in that fragment if it grew, else at the start of the next one.
struct Mark {
  const llvm::MCFragment* fragment = nullptr;
  std::size_t length = 0;
  llvm::SMLoc where;
  bool instruction = false;
};

/// Maps a place in a macro instantiation to the statement of the source text it comes from.
class Origins {
 public:
  Origins(llvm::SourceMgr& sources, unsigned main) : sources_(sources), main_(main) {}

  /// The buffer that holds a place; 0 if none does.
  unsigned buffer_of(llvm::SMLoc where);
  bool is_known(unsigned buffer) const { return buffer == main_ || origin_.count(buffer) != 0; }
  void set(unsigned buffer, llvm::SMLoc where) { origin_[buffer] = where; }
  /// The place in the source text; an invalid SMLoc if it is not known.
  llvm::SMLoc resolve(llvm::SMLoc where);

 private:
  llvm::SourceMgr& sources_;
  unsigned main_;
  unsigned indexed_ = 0;
  std::map<const char*, unsigned> start_;
  std::map<unsigned, llvm::SMLoc> origin_;
};

class Directives : public llvm::MCAsmParserExtension {
 public:
  Directives(Origins& origins, AssignmentCheck& assignments) : origins_(origins), assignments_(assignments) {}
  void Initialize(llvm::MCAsmParser& parser) override;

  const std::vector<Mark>& marks() const { return marks_; }
  /// Called before an instruction or data is emitted.
  void mark(llvm::SMLoc where, bool instruction);
  /// Set by a directive that ended assembly; errors after it are consequences.
  bool stopped() const { return stopped_; }
  /// Asks the parser for the statement of the source text that is being expanded: it prints a note, which the
  /// diagnostic handler hands back through `outermost`.
  void learn_origin(llvm::SMLoc where);
  /// The text from a place to the end of its buffer.
  llvm::StringRef rest_of_buffer(llvm::SMLoc where);
  bool learning() const { return learning_; }
  llvm::SMLoc outermost;
  /// Asked before text is expanded: are there so many errors that assembly should end? LLVM goes through all buffers, of
  /// which each expansion adds one, for every error.
  std::function<bool()> too_many_errors;

 private:
  bool refuse(llvm::StringRef name, llvm::SMLoc where);
  bool ignore(llvm::StringRef name, llvm::SMLoc where);
  bool data(llvm::StringRef name, llvm::SMLoc where);
  bool fill(llvm::StringRef name, llvm::SMLoc where);
  bool macro(llvm::StringRef name, llvm::SMLoc where);
  bool enter(llvm::StringRef name, llvm::SMLoc where);
  bool repeat(llvm::StringRef name, llvm::SMLoc where);
  bool iterate(llvm::StringRef name, llvm::SMLoc where);

  /// Hands the statement back to the parser under a name no source text can spell, so that LLVM handles it.
  bool pass_on(const std::string& name, llvm::SMLoc where, bool fresh);
  bool charge(double bytes, llvm::SMLoc where);
  bool stop(llvm::SMLoc where, const std::string& message);

  template <bool (Directives::*Handler)(llvm::StringRef, llvm::SMLoc)>
  void add(std::initializer_list<const char*> names, bool keep_generic);

  Origins& origins_;
  AssignmentCheck& assignments_;
  std::vector<Mark> marks_;
  std::map<std::string, unsigned> alias_buffer_;
  double expanded_ = 0;
  bool stopped_ = false;
  bool learning_ = false;
};

}  // namespace isobar::isa::mc
