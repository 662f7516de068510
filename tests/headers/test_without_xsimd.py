# SPDX-License-Identifier: MIT
"""AHA_WITHOUT_XSIMD: every header, and right numbers, where no xsimd is found and the macro is set; an error where not."""

import pytest
import toolchain

# An include folder before the system's in which xsimd is an error, as on a machine that has none.
NO_XSIMD = "#error xsimd is not there\n"
PROGRAM = """\
#include <aha/aha.hpp>
#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  static_assert(aha::lane_ops<aha::simd_lane<float>>::width == 1);
  constexpr int tokens = 37;
  std::vector<float> logp(tokens), old_logp(tokens), dlogp(tokens), logits(50), back(50);
  aha::float16 half[50];
  std::vector<std::int64_t> const cu{0, 20, tokens};
  std::vector<float> const adv{1.5F, -0.5F};
  for (std::size_t i = 0; i < tokens; ++i) logp[i] = -0.1F * static_cast<float>(i % 7 + 1), old_logp[i] = logp[i] + 0.01F;
  for (std::size_t i = 0; i < 50; ++i) logits[i] = std::sin(static_cast<float>(i));
  aha::token_batch batch{aha::packed{cu}};
  batch.logp = logp;
  batch.old_logp = old_logp;
  batch.adv = aha::per_sequence(adv);
  batch.totals = aha::totals{tokens, 2};
  auto const r = aha::loss(aha::exec::cpu{2}, aha::token_mean(aha::clip{0.2, 0.28}), batch, aha::outputs{dlogp});
  double expected = 0.0;
  for (int i = 0; i < tokens; ++i) expected -= std::exp(-0.01) * (i < 20 ? 1.5 : -0.5) / tokens;
  if (std::fabs(r.loss - expected) > 1e-5) return std::printf("loss %g, not %g\\n", r.loss, expected), 1;
  if (std::fabs(dlogp[0] + std::exp(-0.01) * 1.5 / tokens) > 1e-6) return std::printf("dlogp %g\\n", dlogp[0]), 1;
  for (std::size_t i = 0; i < 50; ++i) half[i] = aha::to_float16(logits[i]);
  aha::widen(half, 50, back.data());
  for (std::size_t i = 0; i < 50; ++i) if (std::fabs(back[i] - logits[i]) > 1e-3F) return std::printf("float16\\n"), 1;
  std::printf("right\\n");
  return 0;
}
"""


@pytest.fixture
def without_xsimd(tmp_path):
    """Flags of a machine that has no xsimd."""
    hidden = tmp_path / "hidden" / "xsimd"
    hidden.mkdir(parents=True)
    (hidden / "xsimd.hpp").write_text(NO_XSIMD)
    return ["-I", tmp_path / "hidden"]


@pytest.mark.parametrize("flag", ["-march=x86-64-v2", "-march=x86-64-v3", "-march=x86-64-v4"])
def test_every_header_compiles(flag, without_xsimd, tmp_path):
    names = toolchain.headers(optional=False)
    text = "".join(f"#include <{name}>\n" for name in names) + "int main() { return 0; }\n"
    flags = [*toolchain.OUR_WARNINGS, "-DAHA_WITHOUT_XSIMD", flag, *without_xsimd]
    result = toolchain.compile_text(text, tmp_path, *flags)
    assert result.returncode == 0, toolchain.explain(result)


def test_every_header_of_the_engine_compiles_alone(without_xsimd, tmp_path):
    for name in toolchain.headers("cpu"):
        flags = ["-fsyntax-only", "-DAHA_WITHOUT_XSIMD", "-march=x86-64-v3", *without_xsimd]
        result = toolchain.compile_text(f"#include <{name}>\n", tmp_path, *flags)
        assert result.returncode == 0, f"{name}: {toolchain.explain(result)}"


@pytest.mark.parametrize("flag", ["-march=x86-64-v2", "-march=x86-64-v3"])
def test_a_program_has_the_right_numbers(flag, without_xsimd, tmp_path):
    flags = ["-DAHA_WITHOUT_XSIMD", "-O1", flag, *without_xsimd]
    result = toolchain.compile_text(PROGRAM, tmp_path, *flags)
    assert result.returncode == 0, toolchain.explain(result)
    result = toolchain.run([*toolchain.compiler(), tmp_path / "unit.o", "-pthread", "-o", tmp_path / "program"])
    assert result.returncode == 0, toolchain.explain(result)
    result = toolchain.run([tmp_path / "program"])
    assert (result.returncode, result.stdout) == (0, "right\n")


def test_nothing_switches_it_off_by_itself(without_xsimd, tmp_path):
    result = toolchain.compile_text("#include <aha/aha.hpp>\n", tmp_path, *without_xsimd)
    assert result.returncode != 0 and "xsimd is not there" in result.stderr
