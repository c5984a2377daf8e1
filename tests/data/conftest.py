"""Makes the contract's assertions tell what they compared, as those of test files do."""

import pytest

pytest.register_assert_rewrite("tests.data.contract")
