-- CAR files and whole repositories.
\set VERBOSITY sqlstate
CREATE FUNCTION pg_temp.error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''));
END $$;

-- two commits of one repository, written by @atproto/repo: 24 records; then one changed, two deleted, one new
CREATE TEMP TABLE car (n int, file bytea);
INSERT INTO car VALUES (1, decode('
OqJlcm9vdHOB2CpYJQABcRIgU6efKsvZJwQLl9R5iXdDuw31h74Kx70Uecsy3pQspJBndmVyc2lvbgHKAQFxEiBTp58qy9knBAuX1HmJd0O7DfWHvgrHvRR5yzLelCykkKZjZGlka2RpZDpwbGM6YWJjY3Jldm0zbjM3eWhraWJqMjJiY3NpZ1hAPzJmwOsebSaEUUE+
NthA0XbiGIWylzi27Na5iwDpOvIS0cYLqQHlGFAa5UiSzC4HPNvXL/GG7GNz+GO4FpSLnmRkYXRh2CpYJQABcRIgmkC6bxEYvTSIuHxVUAanWFPQg8Yr5Ccjx/al1tiVnEZkcHJldvZndmVyc2lvbgO6AQFxEiCaQLpvERi9NIi4fFVQBqdYU9CDxivkJyPH9qXW2JWc
RqJhZYGkYWtKYS5iLmQvazAxNmFwAGF02CpYJQABcRIgVe8Q3mNJLW1D6xGpvxhwQPQPYawjba2mRsJBe2rMYGdhdtgqWCUAAXESIDuKITc7671SIErZsxsqyDEkYyQ5RqbhEmcLOgZzt7yJYWzYKlglAAFxEiAEHNWBJ4OO3hvei3zF/wK03b9xjCQxovTu+H9xYLev
WLIDAXESIAQc1YEng47eG96LfMX/ArTdv3GMJDGi9O74f3Fgt69YomFlhKRha0phLmIuYy9rMDExYXAAYXTYKlglAAFxEiDuVWQQkhVkKJpd1Di9iWHyfimN77Agf4uT3VsKUERXPGF22CpYJQABcRIghp5VKl9034ATnXVMWKxJMJlLcc+9bH2q1ohvj0OMWjqkYWtB
N2FwCWF02CpYJQABcRIgIXOXnLsJcrqKrSdGUmwQTnYPr64ZBCcZrQW9puFt0KphdtgqWCUAAXESIDmyjBusHQWWo5uKmQCVpa37bbw1Jf9KLqNSGr39pS6RpGFrQjIxYXAIYXTYKlglAAFxEiDLtYzCF5uVwhUqpn8xw+qD4lEjmf4rB8RCcZ/BSpGLYmF22CpYJQAB
cRIgymnOPmFsrDCNBW8ip52XMr34RGrJfhrhVjUOe9Jgzc2kYWtGZC9rMDE0YXAEYXT2YXbYKlglAAFxEiCqskEViixELdRkZEKUYqtR230vGzU5jQw5800JQDRPp2Fs2CpYJQABcRIgFkG6FPwChlqeAPTMzP3w+3TAU57YcQJq4CZ9Ddajqyq6AQFxEiBV7xDeY0kt
bUPrEam/GHBA9A9hrCNtraZGwkF7asxgZ6JhZYGkYWtKYS5iLmQvazAyMGFwAGF02CpYJQABcRIgdrUVmm4bLWEQm0KpLr6IqVqTeTPiH1sS30VYS2AlX/phdtgqWCUAAXESIFDloV+betPxty7fC3NP2ttGY8FEBtHkQboa8A2EXaAAYWzYKlglAAFxEiDEQwCLViOA
p0OfjIOHGbzV6fwSgoc5Nlj7d9pOaa/ZTcICAXESIBZBuhT8AoZangD0zMz98Pt0wFOe2HECauAmfQ3Wo6sqomFlhaRha0phLmIuYy9rMDAxYXAAYXT2YXbYKlglAAFxEiBoGWxoNMDP4nA2HCw3L5rIIyQYX3D4NlfovAgEpo0glKRha0EzYXAJYXT2YXbYKlglAAFx
EiAIVOOA5EwoBvJ53hrJPTNiMKmwraXCy0YKSqJ2V05KH6Rha0E1YXAJYXT2YXbYKlglAAFxEiDkQkm8GIQ6IQF6ZlOnWnKwW73+wIAGz25MhH0GuFB55qRha0E3YXAJYXT2YXbYKlglAAFxEiDNjUqba1V2dNFPhVRsRCpGIWfqix7w1kc37y2EB0GxHaRha0E5YXAJ
YXT2YXbYKlglAAFxEiCQ7NizUNyb4MVzUtKda3O//aWFpUXfQYmKmGctyncMImFs9qABAXESIO5VZBCSFWQoml3UOL2JYfJ+KY3vsCB/i5PdWwpQRFc8omFlgqRha0phLmIuYy9rMDEzYXAAYXT2YXbYKlglAAFxEiDd0UU0vAheAmM/ad3yoqjLefMUlAv6F5z2AG/T
17tMOqRha0E1YXAJYXT2YXbYKlglAAFxEiCXAEZLNPbBcSt0k1QPYn1wWelKW5tlG/AU/+KvJOHztWFs9moBcRIgIXOXnLsJcrqKrSdGUmwQTnYPr64ZBCcZrQW9puFt0KqiYWWBpGFrSmEuYi5jL2swMTlhcABhdPZhdtgqWCUAAXESILTqmyc2JDeU/DlwPhay2Nw/
vJ/O6TVAZGwJC15mr/aTYWz26gMBcRIgy7WMwheblcIVKqZ/McPqg+JRI5n+KwfEQnGfwUqRi2KiYWWIpGFrSmEuYi5jL2swMjNhcABhdPZhdtgqWCUAAXESIDupf14gB5C5TPd7y/ZLL/CoAt4/ZbX9Cs2bHMV4Ov0spGFrRmQvazAwMGFwBGF09mF22CpYJQABcRIg
W1rjJRW/9uSy9oL1nhNDkAn3qOyww+u9Bofeg7ZxezykYWtBMmFwCWF09mF22CpYJQABcRIg1at/nE499AI0kAfJ+46Yt3i7ywONDvwJ2WQEg38ohYSkYWtBNGFwCWF09mF22CpYJQABcRIgmFSn+/DTB3rev70ohDGLI9oSQfraK1Bs6ra02zUhyx6kYWtBNmFwCWF0
9mF22CpYJQABcRIg9fvfcXZyyhkNIdYerV7Gbb39F3osH5k8B46qSAdeFB+kYWtBOGFwCWF09mF22CpYJQABcRIgJgsBokTOJyoilobEv39ibLNThBX2jarx8QQnLCuhvJukYWtCMTBhcAhhdPZhdtgqWCUAAXESILorxZa6yiFgWXqGs434D0A1I7CnrtNMV4gDCxYk
9HVQpGFrQTJhcAlhdPZhdtgqWCUAAXESILAltYnfLE0oOHeoYEiRXpPj7Ne7XcKZ3VVMOj0pyfRMYWz2agFxEiDEQwCLViOAp0OfjIOHGbzV6fwSgoc5Nlj7d9pOaa/ZTaJhZYGkYWtKYS5iLmQvazAxOGFwAGF09mF22CpYJQABcRIgg/PGZe3RW9Ze7DUaoBmeyOJW
qKbxgsfkfmU583PIOlphbPZqAXESIHa1FZpuGy1hEJtCqS6+iKlak3kz4h9bEt9FWEtgJV/6omFlgaRha0phLmIuZC9rMDIyYXAAYXT2YXbYKlglAAFxEiDzIcYAAoZGi4739clbY8y9GIdxuibt1bSwMMcTBiyCl2Fs9jQBcRIgO4ohNzvrvVIgStmzGyrIMSRjJDlG
puESZws6BnO3vImiYW4QZSR0eXBlZWEuYi5kNAFxEiCGnlUqX3TfgBOddUxYrEkwmUtxz71sfarWiG+PQ4xaOqJhbgtlJHR5cGVlYS5iLmM0AXESIDmyjBusHQWWo5uKmQCVpa37bbw1Jf9KLqNSGr39pS6RomFuEWUkdHlwZWVhLmIuYzQBcRIgymnOPmFsrDCNBW8i
p52XMr34RGrJfhrhVjUOe9Jgzc2iYW4VZSR0eXBlZWEuYi5jNAFxEiCqskEViixELdRkZEKUYqtR230vGzU5jQw5800JQDRPp6Jhbg5lJHR5cGVlYS5iLmQ0AXESIFDloV+betPxty7fC3NP2ttGY8FEBtHkQboa8A2EXaAAomFuFGUkdHlwZWVhLmIuZDQBcRIgaBls
aDTAz+JwNhwsNy+ayCMkGF9w+DZX6LwIBKaNIJSiYW4BZSR0eXBlZWEuYi5jNAFxEiAIVOOA5EwoBvJ53hrJPTNiMKmwraXCy0YKSqJ2V05KH6JhbgNlJHR5cGVlYS5iLmM0AXESIORCSbwYhDohAXpmU6dacrBbvf7AgAbPbkyEfQa4UHnmomFuBWUkdHlwZWVhLmIu
YzQBcRIgzY1Km2tVdnTRT4VUbEQqRiFn6ose8NZHN+8thAdBsR2iYW4HZSR0eXBlZWEuYi5jNAFxEiCQ7NizUNyb4MVzUtKda3O//aWFpUXfQYmKmGctyncMIqJhbgllJHR5cGVlYS5iLmM0AXESIN3RRTS8CF4CYz9p3fKiqMt58xSUC/oXnPYAb9PXu0w6omFuDWUk
dHlwZWVhLmIuYzQBcRIglwBGSzT2wXErdJNUD2J9cFnpSlubZRvwFP/iryTh87WiYW4PZSR0eXBlZWEuYi5jNAFxEiC06psnNiQ3lPw5cD4WstjcP7yfzuk1QGRsCQteZq/2k6JhbhNlJHR5cGVlYS5iLmM0AXESIDupf14gB5C5TPd7y/ZLL/CoAt4/ZbX9Cs2bHMV4
Ov0somFuF2UkdHlwZWVhLmIuYzQBcRIgW1rjJRW/9uSy9oL1nhNDkAn3qOyww+u9Bofeg7ZxezyiYW4AZSR0eXBlZWEuYi5kNAFxEiDVq3+cTj30AjSQB8n7jpi3eLvLA40O/AnZZASDfyiFhKJhbgJlJHR5cGVlYS5iLmQ0AXESIJhUp/vw0wd63r+9KIQxiyPaEkH6
2itQbOq2tNs1IcseomFuBGUkdHlwZWVhLmIuZDQBcRIg9fvfcXZyyhkNIdYerV7Gbb39F3osH5k8B46qSAdeFB+iYW4GZSR0eXBlZWEuYi5kNAFxEiAmCwGiRM4nKiKWhsS/f2Jss1OEFfaNqvHxBCcsK6G8m6JhbghlJHR5cGVlYS5iLmQ0AXESILorxZa6yiFgWXqG
s434D0A1I7CnrtNMV4gDCxYk9HVQomFuCmUkdHlwZWVhLmIuZDQBcRIgsCW1id8sTSg4d6hgSJFek+Ps17tdwpndVUw6PSnJ9EyiYW4MZSR0eXBlZWEuYi5kNAFxEiCD88Zl7dFb1l7sNRqgGZ7I4laopvGCx+R+ZTnzc8g6WqJhbhJlJHR5cGVlYS5iLmQ0AXESIPMh
xgAChkaLjvf1yVtjzL0Yh3G6Ju3VtLAwxxMGLIKXomFuFmUkdHlwZWVhLmIuZA==', 'base64')), (2, decode('
OqJlcm9vdHOB2CpYJQABcRIgIfNb6/E3FNOnClL+1Mzhy72yyWOlG0joK5tDKQGbX0tndmVyc2lvbgHKAQFxEiAh81vr8TcU06cKUv7UzOHLvbLJY6UbSOgrm0MpAZtfS6ZjZGlka2RpZDpwbGM6YWJjY3Jldm0zbjM3eWhramlsMjJiY3NpZ1hA+YN9ijWi+Fvnx0BP
5dAOU8AgGuXVnamVYCcNzM7eSNN9RmVEAjyY1vc7IZ7wH/GIfro2o41Hy4dD2zPEqNwbJmRkYXRh2CpYJQABcRIg2Sf9HCCafyTGTQeW5yOvY7aokJgnfx9HTCk1ZBXr/4tkcHJldvZndmVyc2lvbgO6AQFxEiDZJ/0cIJp/JMZNB5bnI69jtqiQmCd/H0dMKTVkFev/
i6JhZYGkYWtKYS5iLmQvazAxNmFwAGF02CpYJQABcRIgV2ECxv6QAVtw3EvoyDxuwfuvcMc1ryHwWrIXONZDKothdtgqWCUAAXESIDuKITc7671SIErZsxsqyDEkYyQ5RqbhEmcLOgZzt7yJYWzYKlglAAFxEiDIVISOBk1eu9Pxvo22nI/IqXuvEpCtAweN1QD9KMf0
LLIDAXESIMhUhI4GTV670/G+jbacj8ipe68SkK0DB43VAP0ox/QsomFlhKRha0phLmIuYy9rMDExYXAAYXTYKlglAAFxEiDuVWQQkhVkKJpd1Di9iWHyfimN77Agf4uT3VsKUERXPGF22CpYJQABcRIghp5VKl9034ATnXVMWKxJMJlLcc+9bH2q1ohvj0OMWjqkYWtB
N2FwCWF02CpYJQABcRIgIXOXnLsJcrqKrSdGUmwQTnYPr64ZBCcZrQW9puFt0KphdtgqWCUAAXESIDmyjBusHQWWo5uKmQCVpa37bbw1Jf9KLqNSGr39pS6RpGFrQjIxYXAIYXTYKlglAAFxEiDkFXIoANCjpuJmjW6JEH6UF67yF8hBUrHfb4GLlToxA2F22CpYJQAB
cRIgymnOPmFsrDCNBW8ip52XMr34RGrJfhrhVjUOe9Jgzc2kYWtGZC9rMDE0YXAEYXT2YXbYKlglAAFxEiCqskEViixELdRkZEKUYqtR230vGzU5jQw5800JQDRPp2Fs2CpYJQABcRIgHylyWogxMpqHov+D6W7CVRxeFjaf6ENuxtpzSsFoD8ySAQFxEiBXYQLG/pAB
W3DcS+jIPG7B+69wxzWvIfBashc41kMqi6JhZYGkYWtKYS5iLmQvazAyMGFwAGF09mF22CpYJQABcRIgUOWhX5t60/G3Lt8Lc0/a20ZjwUQG0eRBuhrwDYRdoABhbNgqWCUAAXESIMRDAItWI4CnQ5+Mg4cZvNXp/BKChzk2WPt32k5pr9lNjAIBcRIgHylyWogxMpqH
ov+D6W7CVRxeFjaf6ENuxtpzSsFoD8yiYWWEpGFrSmEuYi5jL2swMDFhcABhdPZhdtgqWCUAAXESIBzjO5KS/bSVqVOTnI0LBRBy6jTwzpS9McIz/hS/ZzZ2pGFrQTVhcAlhdPZhdtgqWCUAAXESIORCSbwYhDohAXpmU6dacrBbvf7AgAbPbkyEfQa4UHnmpGFrQTdh
cAlhdPZhdtgqWCUAAXESIM2NSptrVXZ00U+FVGxEKkYhZ+qLHvDWRzfvLYQHQbEdpGFrQTlhcAlhdPZhdtgqWCUAAXESIJDs2LNQ3JvgxXNS0p1rc7/9pYWlRd9BiYqYZy3KdwwiYWz2oAEBcRIg7lVkEJIVZCiaXdQ4vYlh8n4pje+wIH+Lk91bClBEVzyiYWWCpGFr
SmEuYi5jL2swMTNhcABhdPZhdtgqWCUAAXESIN3RRTS8CF4CYz9p3fKiqMt58xSUC/oXnPYAb9PXu0w6pGFrQTVhcAlhdPZhdtgqWCUAAXESIJcARks09sFxK3STVA9ifXBZ6Upbm2Ub8BT/4q8k4fO1YWz2agFxEiAhc5ecuwlyuoqtJ0ZSbBBOdg+vrhkEJxmtBb2m
4W3QqqJhZYGkYWtKYS5iLmMvazAxOWFwAGF09mF22CpYJQABcRIgtOqbJzYkN5T8OXA+FrLY3D+8n87pNUBkbAkLXmav9pNhbPaiBAFxEiDkFXIoANCjpuJmjW6JEH6UF67yF8hBUrHfb4GLlToxA6JhZYmkYWtKYS5iLmMvazAyM2FwAGF09mF22CpYJQABcRIgO6l/
XiAHkLlM93vL9ksv8KgC3j9ltf0KzZscxXg6/SykYWtDbmV3YXAGYXT2YXbYKlglAAFxEiDNjUqba1V2dNFPhVRsRCpGIWfqix7w1kc37y2EB0GxHaRha0ZkL2swMDBhcARhdPZhdtgqWCUAAXESIFta4yUVv/bksvaC9Z4TQ5AJ96jssMPrvQaH3oO2cXs8pGFrQTJh
cAlhdPZhdtgqWCUAAXESINWrf5xOPfQCNJAHyfuOmLd4u8sDjQ78CdlkBIN/KIWEpGFrQTRhcAlhdPZhdtgqWCUAAXESIJhUp/vw0wd63r+9KIQxiyPaEkH62itQbOq2tNs1IcsepGFrQTZhcAlhdPZhdtgqWCUAAXESIPX733F2csoZDSHWHq1exm29/Rd6LB+ZPAeO
qkgHXhQfpGFrQThhcAlhdPZhdtgqWCUAAXESICYLAaJEzicqIpaGxL9/YmyzU4QV9o2q8fEEJywrobybpGFrQjEwYXAIYXT2YXbYKlglAAFxEiC6K8WWusohYFl6hrON+A9ANSOwp67TTFeIAwsWJPR1UKRha0EyYXAJYXT2YXbYKlglAAFxEiCwJbWJ3yxNKDh3qGBI
kV6T4+zXu13Cmd1VTDo9Kcn0TGFs9moBcRIgxEMAi1YjgKdDn4yDhxm81en8EoKHOTZY+3faTmmv2U2iYWWBpGFrSmEuYi5kL2swMThhcABhdPZhdtgqWCUAAXESIIPzxmXt0VvWXuw1GqAZnsjiVqim8YLH5H5lOfNzyDpaYWz2NAFxEiA7iiE3O+u9UiBK2bMbKsgx
JGMkOUam4RJnCzoGc7e8iaJhbhBlJHR5cGVlYS5iLmQ0AXESIIaeVSpfdN+AE511TFisSTCZS3HPvWx9qtaIb49DjFo6omFuC2UkdHlwZWVhLmIuYzQBcRIgObKMG6wdBZajm4qZAJWlrfttvDUl/0ouo1Iavf2lLpGiYW4RZSR0eXBlZWEuYi5jNAFxEiDKac4+YWys
MI0FbyKnnZcyvfhEasl+GuFWNQ570mDNzaJhbhVlJHR5cGVlYS5iLmM0AXESIKqyQRWKLEQt1GRkQpRiq1HbfS8bNTmNDDnzTQlANE+nomFuDmUkdHlwZWVhLmIuZDQBcRIgUOWhX5t60/G3Lt8Lc0/a20ZjwUQG0eRBuhrwDYRdoACiYW4UZSR0eXBlZWEuYi5kNQFx
EiAc4zuSkv20lalTk5yNCwUQcuo08M6UvTHCM/4Uv2c2dqJhbhhkZSR0eXBlZWEuYi5jNAFxEiDkQkm8GIQ6IQF6ZlOnWnKwW73+wIAGz25MhH0GuFB55qJhbgVlJHR5cGVlYS5iLmM0AXESIM2NSptrVXZ00U+FVGxEKkYhZ+qLHvDWRzfvLYQHQbEdomFuB2UkdHlw
ZWVhLmIuYzQBcRIgkOzYs1Dcm+DFc1LSnWtzv/2lhaVF30GJiphnLcp3DCKiYW4JZSR0eXBlZWEuYi5jNAFxEiDd0UU0vAheAmM/ad3yoqjLefMUlAv6F5z2AG/T17tMOqJhbg1lJHR5cGVlYS5iLmM0AXESIJcARks09sFxK3STVA9ifXBZ6Upbm2Ub8BT/4q8k4fO1
omFuD2UkdHlwZWVhLmIuYzQBcRIgtOqbJzYkN5T8OXA+FrLY3D+8n87pNUBkbAkLXmav9pOiYW4TZSR0eXBlZWEuYi5jNAFxEiA7qX9eIAeQuUz3e8v2Sy/wqALeP2W1/QrNmxzFeDr9LKJhbhdlJHR5cGVlYS5iLmM0AXESIFta4yUVv/bksvaC9Z4TQ5AJ96jssMPr
vQaH3oO2cXs8omFuAGUkdHlwZWVhLmIuZDQBcRIg1at/nE499AI0kAfJ+46Yt3i7ywONDvwJ2WQEg38ohYSiYW4CZSR0eXBlZWEuYi5kNAFxEiCYVKf78NMHet6/vSiEMYsj2hJB+torUGzqtrTbNSHLHqJhbgRlJHR5cGVlYS5iLmQ0AXESIPX733F2csoZDSHWHq1e
xm29/Rd6LB+ZPAeOqkgHXhQfomFuBmUkdHlwZWVhLmIuZDQBcRIgJgsBokTOJyoilobEv39ibLNThBX2jarx8QQnLCuhvJuiYW4IZSR0eXBlZWEuYi5kNAFxEiC6K8WWusohYFl6hrON+A9ANSOwp67TTFeIAwsWJPR1UKJhbgplJHR5cGVlYS5iLmQ0AXESILAltYnf
LE0oOHeoYEiRXpPj7Ne7XcKZ3VVMOj0pyfRMomFuDGUkdHlwZWVhLmIuZDQBcRIgg/PGZe3RW9Ze7DUaoBmeyOJWqKbxgsfkfmU583PIOlqiYW4SZSR0eXBlZWEuYi5k', 'base64'));

SELECT n, count(*) AS blocks, bool_and(cid = blob_cid(block) OR cid = 'bafyrei' || right(blob_cid(block), 52)) AS proved FROM car, car_blocks(file) GROUP BY n ORDER BY n;
SELECT create_record_store('mirror');
SELECT r.* FROM car, at_import_repo('mirror', file) AS r WHERE n = 1;
SELECT count(*), min(uri), max(uri), bool_and(cid = record_cid(record)), count(DISTINCT rev), mst_root(collection || '/' || rkey, cid) FROM mirror;
-- again: nothing is written
SELECT r.* FROM car, at_import_repo('mirror', file) AS r WHERE n = 1;
SELECT repo, rev > '3' AS ours, upstream, floor FROM mirror_repos;
SELECT xmin AS before FROM mirror_repos \gset
SELECT r.* FROM car, at_import_repo('mirror', file) AS r WHERE n = 1;
SELECT xmin = :'before'::xid AS untouched FROM mirror_repos;
-- what was done to the table by hand is undone, newer rows and tombstones stay
UPDATE mirror SET record = '{"$type": "a.b.c"}', cid = record_cid('{"$type": "a.b.c"}') WHERE rkey = 'k001';
DELETE FROM mirror WHERE rkey IN ('k003', 'k005');
UPDATE mirror SET rev = 'a222222222222', cid = record_cid('{"$type": "a.b.c"}') WHERE rkey = 'k007';
INSERT INTO mirror_tombstones VALUES ('at://did:plc:abc/a.b.c/k005', 'a222222222222'), ('at://did:plc:abc/a.b.c/k003', '3222222222222');
INSERT INTO mirror SELECT uri || x, repo, collection, rkey || x, cid, CASE x WHEN 'old' THEN rev ELSE 'a222222222222' END, record FROM mirror, unnest(ARRAY['old', 'new']) AS x WHERE rkey = 'k009';
SELECT r.* FROM car, at_import_repo('mirror', file) AS r WHERE n = 1;
SELECT rkey, rev > 'a' AS newer FROM mirror WHERE rkey IN ('k001', 'k003', 'k005', 'k007') OR rkey LIKE 'k009%' ORDER BY rkey;
SELECT uri, rev FROM mirror_tombstones;
TRUNCATE mirror, mirror_tombstones, mirror_repos;

-- the second commit on top of the first, then the first again: too late
SELECT r.* FROM car, at_import_repo('mirror', file) AS r WHERE n = 1;
SELECT r.* FROM car, at_import_repo('mirror', file) AS r WHERE n = 2;
SELECT mst_root(collection || '/' || rkey, cid), count(*) FILTER (WHERE rev = '3n37yhkjil22b') AS of_second FROM mirror;
SELECT r.* FROM car, at_import_repo('mirror', file) AS r WHERE n = 1;
-- another repository beside it is nobody's business
SELECT uri FROM at_put_record('mirror', 'did:plc:abcd', 'a.b.c', 'k001', '{"n": 1}');
SELECT uri FROM at_put_record('mirror', 'did:plc:ab', 'a.b.c', 'k001', '{"n": 1}');
SELECT (at_import_repo('mirror', file)).deleted FROM car WHERE n = 2;
-- a mirror is not written locally, unless by force
SELECT pg_temp.error_of($$SELECT at_put_record('mirror', 'did:plc:abc', 'a.b.c', 'k001', '{"n": 1}')$$);
SELECT pg_temp.error_of($$SELECT at_delete_record('mirror', 'at://did:plc:abc/a.b.c/k001')$$);
SELECT action, cid = record_cid('{"$type": "a.b.c", "n": 1}') AS cid FROM at_put_record('mirror', 'did:plc:abc', 'a.b.c', 'k001', '{"n": 1}', '{"force": true}');
SELECT action FROM at_put_record('mirror', 'did:plc:abc', 'a.b.c', 'k001', '{"n": 1}');

-- files by hand: a commit, a tree, records
CREATE FUNCTION pg_temp.varint(n bigint) RETURNS bytea LANGUAGE sql AS $$
	SELECT CASE WHEN n < 128 THEN substr(int4send(n::int), 4, 1) ELSE substr(int4send((n % 128 + 128)::int), 4, 1) || pg_temp.varint(n / 128) END $$;
CREATE FUNCTION pg_temp.cid(block bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT '\x01711220'::bytea || sha256(block) $$;
CREATE FUNCTION pg_temp.link(block bytea) RETURNS jsonb LANGUAGE sql AS $$ SELECT dag_cbor_decode('\xd82a582500'::bytea || pg_temp.cid(block)) $$;
CREATE FUNCTION pg_temp.file(VARIADIC blocks bytea[]) RETURNS bytea LANGUAGE sql AS $$
	SELECT pg_temp.varint(length(head)) || head || (SELECT string_agg(pg_temp.varint(36 + length(b)) || pg_temp.cid(b) || b, '' ORDER BY ord) FROM unnest(blocks) WITH ORDINALITY AS u(b, ord))
	FROM dag_cbor(jsonb_build_object('version', 1, 'roots', jsonb_build_array(pg_temp.link(blocks[1])))) AS head $$;
CREATE FUNCTION pg_temp.commit(node bytea, more jsonb DEFAULT '{}') RETURNS bytea LANGUAGE sql AS $$
	SELECT dag_cbor(jsonb_build_object('did', 'did:plc:hand', 'rev', '3zzzzzzzzzzzz', 'data', pg_temp.link(node), 'prev', null, 'sig', '{"$bytes": "AA"}'::jsonb, 'version', 3) || more) $$;
CREATE FUNCTION pg_temp.entry(prefix int, rest text, record bytea, tree jsonb DEFAULT 'null') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('p', prefix, 'k', jsonb_build_object('$bytes', translate(encode(rest::bytea, 'base64'), E'=\n', '')), 'v', pg_temp.link(record), 't', tree) $$;
CREATE FUNCTION pg_temp.node(entries jsonb, l jsonb DEFAULT 'null') RETURNS bytea LANGUAGE sql AS $$ SELECT dag_cbor(jsonb_build_object('e', entries, 'l', l)) $$;
-- keys of the lowest layer: their hash does not begin with two zero bits
CREATE FUNCTION pg_temp.layer(path text) RETURNS int LANGUAGE sql AS $$ SELECT min(i) / 2 FROM generate_series(0, 255) AS i WHERE get_bit(set_byte('\x00', 0, get_byte(sha256(path::bytea), i / 8)), 7 - i % 8) = 1 $$;
SELECT k, pg_temp.layer('a.b.c/' || k) AS layer FROM unnest(ARRAY['k11', 'k12', 'k13', 'k14', 'k16']) AS k;

CREATE TEMP TABLE b AS SELECT i, dag_cbor(jsonb_build_object('$type', 'a.b.c', 'i', i)) AS r FROM generate_series(11, 16) AS i;
CREATE FUNCTION pg_temp.r(n int) RETURNS bytea LANGUAGE sql AS $$ SELECT r FROM b WHERE i = n $$;
-- a tree of three layers: k12 on top, k16 in the middle, k11, k13, k14 below; the node left of k11 has no entry
CREATE TEMP TABLE tree AS SELECT c AS commit, top, left1, left0, right1, right0 FROM
	pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k11', pg_temp.r(11)))) AS left0, LATERAL pg_temp.node('[]', pg_temp.link(left0)) AS left1,
	pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k13', pg_temp.r(13)), pg_temp.entry(8, '4', pg_temp.r(14)))) AS right0,
	LATERAL pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k16', pg_temp.r(16))), pg_temp.link(right0)) AS right1,
	LATERAL pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k12', pg_temp.r(12), pg_temp.link(right1))), pg_temp.link(left1)) AS top,
	LATERAL pg_temp.commit(top) AS c;
SELECT r.* FROM tree, at_import_repo('mirror', pg_temp.file(commit, top, left1, left0, right1, right0, pg_temp.r(11), pg_temp.r(12), pg_temp.r(13), pg_temp.r(14), pg_temp.r(16))) AS r;
SELECT string_agg(rkey, ' ' ORDER BY uri) AS keys, mst_root(collection || '/' || rkey, cid) = (SELECT pg_temp.link(top) ->> '$link' FROM tree) AS root FROM mirror WHERE repo = 'did:plc:hand';
-- an empty one
SELECT r.* FROM pg_temp.node('[]') AS n, pg_temp.commit(n, '{"rev": "3zzzzzzzzzzzz"}') AS c, at_import_repo('mirror', pg_temp.file(c, n)) AS r;

-- trees that are none; each has one record or two, if not said otherwise
CREATE FUNCTION pg_temp.try(blocks bytea[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT inserted || ' inserted' FROM at_import_repo('mirror', pg_temp.file(VARIADIC ARRAY[pg_temp.commit(blocks[1], '{"did": "did:plc:broken"}')] || blocks)));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT what, pg_temp.try(blocks) FROM (VALUES
	('good', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k11', pg_temp.r(11)), pg_temp.entry(8, '3', pg_temp.r(13)))), pg_temp.r(11), pg_temp.r(13)]),
	('a record is missing', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k14', pg_temp.r(14))))]),
	('a node is missing', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k16', pg_temp.r(16))), pg_temp.link('x'::bytea))]),
	('out of order', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k13', pg_temp.r(13)), pg_temp.entry(8, '1', pg_temp.r(11)))), pg_temp.r(11), pg_temp.r(13)]),
	('twice', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k13', pg_temp.r(13)), pg_temp.entry(9, '', pg_temp.r(11)))), pg_temp.r(11), pg_temp.r(13)]),
	('prefix too short', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k11', pg_temp.r(11)), pg_temp.entry(7, '13', pg_temp.r(13)))), pg_temp.r(11), pg_temp.r(13)]),
	('prefix too long', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k11', pg_temp.r(11)), pg_temp.entry(10, '3', pg_temp.r(13)))), pg_temp.r(11), pg_temp.r(13)]),
	('a prefix of nothing', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(1, 'a.b.c/k11', pg_temp.r(11)))), pg_temp.r(11)]),
	('two layers in one', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k11', pg_temp.r(11)), pg_temp.entry(8, '6', pg_temp.r(16)))), pg_temp.r(11), pg_temp.r(16)]),
	('no path', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'k11', pg_temp.r(11)))), pg_temp.r(11)]),
	('an empty key', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, '', pg_temp.r(11)))), pg_temp.r(11)]),
	('a long key', ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/' || repeat('k', 1100), pg_temp.r(11)))), pg_temp.r(11)]),
	('a layer is skipped', (SELECT ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k12', pg_temp.r(12))), pg_temp.link(left0)), left0, pg_temp.r(11), pg_temp.r(12)] FROM tree)),
	('an empty node on top', (SELECT ARRAY[left1, left0, pg_temp.r(11)] FROM tree)),
	('an empty node below', (SELECT ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k16', pg_temp.r(16))), pg_temp.link(pg_temp.node('[]'))), pg_temp.node('[]'), pg_temp.r(16)])),
	('a node below the lowest', (SELECT ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k11', pg_temp.r(11))), pg_temp.link(right0)), right0, pg_temp.r(11), pg_temp.r(13), pg_temp.r(14)] FROM tree)),
	('one node twice', (SELECT ARRAY[pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k16', pg_temp.r(16), pg_temp.link(left0))), pg_temp.link(left0)), left0, pg_temp.r(11), pg_temp.r(16)] FROM tree)),
	('no node', ARRAY[dag_cbor('{"e": [], "l": null, "x": 1}')]), ('no map', ARRAY[dag_cbor('[]')]), ('no entries', ARRAY[dag_cbor('{"e": {}, "l": null}')]), ('no entry', ARRAY[dag_cbor('{"e": [1], "l": null}')]),
	('half an entry', ARRAY[dag_cbor('{"e": [{"k": {"$bytes": "YQ"}, "p": 0, "v": 1}], "l": null}')]), ('a text as key', ARRAY[dag_cbor('{"e": [{"k": "a.b.c/k", "p": 0, "t": null, "v": null}], "l": null}')]),
	('no record', ARRAY[dag_cbor('{"e": [{"k": {"$bytes": "YS5iLmMvaw"}, "p": 0, "t": null, "v": null}], "l": null}')]), ('left is a text', ARRAY[dag_cbor('{"e": [], "l": "x"}')])
) AS v(what, blocks);

-- commits that are none
SELECT more, pg_temp.error_of(format('SELECT at_import_repo(''mirror'', pg_temp.file(pg_temp.commit(pg_temp.node(''[]''), %L), pg_temp.node(''[]'')))', more)) AS error
FROM unnest(ARRAY['{"version": 2}', '{"version": "3"}', '{"did": "x"}', '{"did": 1}', '{"rev": "x"}', '{"rev": null}', '{"data": null}', '{"data": 1}', '{"sig": "x"}', '{"prev": 1}', '{"x": 1}']) WITH ORDINALITY AS v(more, ord) ORDER BY ord;

-- files that are none
SELECT what, pg_temp.error_of(format('SELECT count(*) FROM car_blocks(%L)', f)) AS blocks, pg_temp.error_of(format('SELECT at_import_repo(''mirror'', %L)', f)) AS repo FROM car, LATERAL (VALUES
	('empty', ''::bytea), ('cut in the header', substr(file, 1, 20)), ('cut in a block', substr(file, 1, 1000)), ('a byte changed', set_byte(file, 1000, 255 - get_byte(file, 1000))),
	('no root', '\x11a265726f6f7473806776657273696f6e01'), ('no roots', '\x0aa16776657273696f6e02'), ('version 2', '\x11a265726f6f7473806776657273696f6e02'), ('more in the header', '\x12a265726f6f7473806776657273696f6e0100'),
	('the root is missing', substr(file, 1, 59)), ('a CID of version 0', substr(file, 1, 59) || '\x221220' || sha256('')), ('a CID of SHA-512', substr(file, 1, 59) || '\x2401711320' || sha256('')), ('half a CID', substr(file, 1, 59) || '\x0401711220'),
	('an endless length', '\xffffffffffffffffff01'), ('a needless byte', '\x9100a265726f6f7473806776657273696f6e01'), ('a great length', '\xffffffff0f')) AS v(what, f) WHERE n = 1;
SELECT cid, convert_from(block, 'UTF8') AS block FROM car_blocks('\x11a265726f6f7473806776657273696f6e01' || '\x24'::bytea || '\x01551220' || sha256('') || '\x26'::bytea || '\x01551220' || sha256('hi') || 'hi');
SELECT count(*) AS strict FROM car_blocks(NULL);

-- records that are refused are ignored, aloud, or reported
SELECT at_put_lexicon('{"lexicon": 1, "id": "a.b.c", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}}}');
CREATE TEMP TABLE odd (file bytea);
INSERT INTO odd SELECT pg_temp.file(pg_temp.commit(n, '{"did": "did:plc:odd"}'), n, pg_temp.r(11), float, good)
	FROM dag_cbor('{"$type": "a.b.c", "n": 1}') AS good, CAST('\xa2616efb3ff80000000000006524747970' || '6565612e622e63' AS bytea) AS float, LATERAL pg_temp.node(jsonb_build_array(pg_temp.entry(0, 'a.b.c/k11', pg_temp.r(11)), pg_temp.entry(8, '3', float), pg_temp.entry(8, '4', good))) AS n;
SELECT r.* FROM odd, at_import_repo('mirror', file) AS r;
SELECT r.* FROM odd, at_import_repo('mirror', file, '{"validate": false}') AS r;
SELECT create_record_store('opaque', '{"opaque": true}');
SELECT r.* FROM odd, at_import_repo('opaque', file, '{"validate": "report"}') AS r;
SELECT rkey, cid = 'bafyrei' || right(blob_cid(block), 52) AS cid, record, block FROM opaque ORDER BY uri;
SELECT r.* FROM odd, at_import_repo('opaque', file, '{"validate": "report"}') AS r;

-- NULL, options, tables
SELECT pg_temp.error_of(c) FROM unnest(ARRAY[$$SELECT at_import_repo(NULL, '')$$, $$SELECT at_import_repo('mirror', NULL)$$, $$SELECT at_import_repo('mirror', '', '{"dryRun": true}')$$, $$SELECT at_import_repo('mirror', '', '{"validate": "maybe"}')$$,
	$$SELECT at_import_repo('pg_class', '')$$]) AS c;
CREATE TABLE bare (uri text PRIMARY KEY, cid text, record jsonb);
SELECT pg_temp.error_of($$SELECT at_import_repo('bare', file) FROM odd$$);
CREATE ROLE regress_at_importer;
GRANT SELECT, INSERT, UPDATE, DELETE ON mirror TO regress_at_importer;
GRANT SELECT ON car TO regress_at_importer;
SET ROLE regress_at_importer;
SELECT at_import_repo('mirror', file) FROM car WHERE n = 2;
RESET ROLE;
DROP OWNED BY regress_at_importer;
DROP ROLE regress_at_importer;
SELECT at_drop_lexicon('a.b.c');
DROP TABLE mirror, opaque, bare;
SELECT count(*) FROM pg_class WHERE relname LIKE 'mirror%' OR relname LIKE 'opaque%';
