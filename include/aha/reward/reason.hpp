// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

// One row a reason: X(name, sentence). A group is the table of those who use it; a new reason is one row in one of them.
// Rows are appended to a group; the numbers behind the names are no promise, the names are.

#define AHA_REASONS_GENERAL(X)                                                         \
  X(none, "Nothing to add: the value says it.")                                        \
  X(empty_text, "The text is empty.")                                                  \
  X(not_a_number, "The value is not a number.")                                        \
  X(missing_input, "A column that the reward reads has no entry here.")                \
  X(out_of_steps, "The budget of steps was used up.")                                  \
  X(outside_the_batch, "The row is not part of the group or batch that is asked for.") \
  X(host_error, "The host's own function failed.")

#define AHA_REASONS_TAGS(X)                                                              \
  X(missing_tag, "A block that the template asks for does not occur.")                   \
  X(unclosed_tag, "A tag is opened and never closed.")                                   \
  X(unopened_tag, "A tag is closed that is not open.")                                   \
  X(duplicate_tag, "A block occurs more than once.")                                     \
  X(nested_tag, "A tag is opened inside another block.")                                 \
  X(tags_out_of_order, "The blocks stand in another order than the template's.")         \
  X(text_before_tags, "What stands before the first block is not what may stand there.") \
  X(text_between_tags, "What stands between two blocks is not what may stand there.")    \
  X(text_after_tags, "What stands after the last block is not what may stand there.")    \
  X(empty_block, "A block holds nothing but white space.")                               \
  X(no_line_of_its_own, "A tag does not stand on a line of its own.")                    \
  X(no_code_block, "There is no fenced block of code in the language asked for.")

#define AHA_REASONS_LANGUAGE(X)                                      \
  X(no_words, "The text has no words that could be of a language.")  \
  X(mixed_languages, "The text is written in more than one script.") \
  X(long_paragraph, "A paragraph is longer than the limit.")         \
  X(code_block, "The text contains a block of code.")                \
  X(garbled_text, "Too many characters of the text are no text.")    \
  X(repeated_block, "A stretch of the text is repeated over and over.")

#define AHA_REASONS_LENGTH(X) X(truncated, "The answer was cut off at the limit.")

#define AHA_REASONS_MATH(X)                                                                 \
  X(equal_numbers, "Both are the same exact number.")                                       \
  X(equal_form, "The rules of algebra turn one into the other.")                            \
  X(equal_values, "Both have the same value at every random point.")                        \
  X(equal_up_to_a_factor, "One equation is a multiple of the other.")                       \
  X(equal_relation, "Both state the same inequalities.")                                    \
  X(equal_entries, "All entries are equal.")                                                \
  X(equal_text, "Both are the same text.")                                                  \
  X(equal_percent, "A percentage equals the bare number under the policy for percentages.") \
  X(equal_after_conversion, "Both are equal in base units.")                                \
  X(within_tolerance, "A decimal agrees with the other number to the places asked for.")    \
  X(different_numbers, "The numbers differ.")                                               \
  X(different_values, "The expressions differ at a point.")                                 \
  X(different_relation, "The equations or inequalities differ.")                            \
  X(different_entries, "An entry of one has no equal in the other.")                        \
  X(different_count, "The number of answers or entries differs.")                           \
  X(different_ends, "An end of an interval is open in one and closed in the other.")        \
  X(different_text, "The texts differ.")                                                    \
  X(different_units, "The units differ.")                                                   \
  X(different_kinds, "One is a number, a set, a text, ..., the other is not.")              \
  X(undefined_value, "A value is undefined, as after a division by zero.")                  \
  X(no_candidate, "The response holds nothing that could be an answer.")                    \
  X(unreadable_gold, "The reference answer is empty or cannot be read.")                    \
  X(answers_disagree, "The response gives several answers that are not all right.")

#define AHA_REASONS_CODE(X)                                 \
  X(no_code, "The answer contains no code.")                \
  X(compile_error, "The code does not compile.")            \
  X(no_tests, "There is no test that the code could pass.") \
  X(tests_failed, "The code fails at least one test.")      \
  X(below_threshold, "Fewer tests passed than the threshold asks.")

#define AHA_REASONS(X)    \
  AHA_REASONS_GENERAL(X)  \
  AHA_REASONS_TAGS(X)     \
  AHA_REASONS_LANGUAGE(X) \
  AHA_REASONS_LENGTH(X)   \
  AHA_REASONS_MATH(X)     \
  AHA_REASONS_CODE(X)

AHA_NAMESPACE_BEGIN
namespace reward {

/// Why an outcome is what it is, in one word. `to_string` gives the word, `describe` its sentence.
enum class reason : std::uint16_t {
#define AHA_REASON_ENUMERATOR(name, sentence) name,
  AHA_REASONS(AHA_REASON_ENUMERATOR)
#undef AHA_REASON_ENUMERATOR
};

/// A reason's word and its sentence.
struct reason_row {
  std::string_view name;
  std::string_view sentence;
};
/// Every reason in order of its value.
inline constexpr reason_row reasons[] = {
#define AHA_REASON_ROW(name, sentence) {#name, sentence},
    AHA_REASONS(AHA_REASON_ROW)
#undef AHA_REASON_ROW
};

/// The word of a reason; "?" for a number that is none.
constexpr std::string_view to_string(enum reason r) {
  return static_cast<std::size_t>(r) < std::size(reasons) ? reasons[static_cast<std::size_t>(r)].name : "?";
}
/// The sentence of a reason; "?" for a number that is none.
constexpr std::string_view describe(enum reason r) {
  return static_cast<std::size_t>(r) < std::size(reasons) ? reasons[static_cast<std::size_t>(r)].sentence : "?";
}

}  // namespace reward
AHA_NAMESPACE_END

#undef AHA_REASONS
#undef AHA_REASONS_GENERAL
#undef AHA_REASONS_TAGS
#undef AHA_REASONS_LANGUAGE
#undef AHA_REASONS_LENGTH
#undef AHA_REASONS_MATH
#undef AHA_REASONS_CODE
